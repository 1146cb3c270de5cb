/**
 * Checks that every public function works with any arguments, or fails with an
 * `AttnError` whose message contains the wrong value. A package lists its functions
 * with right arguments for each; then everything in them is made wrong in turn.
 */
import { AttnError } from '@attn/core';
import { isMap, show, typedArrayName } from '@attn/core/backend';
import fc from 'fast-check';
import { valueAt, objectPaths, pathsOf, withValueAt, type Path } from './mutate.ts';
import { anyValue, wrongValues } from './wrong-values.ts';

/** A function and right arguments for it. */
export interface FunctionTrial {
  /** The function. Default: the export of this name. */
  readonly call?: (...args: never[]) => unknown;
  /** Returns fresh arguments for each call. */
  args(): readonly unknown[];
  /** Indices of the arguments whose objects refuse unknown names. */
  readonly options?: readonly number[];
  /** How deep to change the arguments. Default 2: fields of fields. */
  readonly depth?: number;
  /** Releases the result of a call that worked. */
  after?(result: unknown): unknown;
}

/**
 * Trials by the names of functions. Instead of a trial, a sentence
 * may say why a function trusts its arguments.
 */
export type FunctionTable = Readonly<Record<string, FunctionTrial | string>>;

/** Number of random values that each function is tried with. */
const RANDOM = 40;

/** Names of the functions that a module exports. Methods of classes need rows of their own in the table. */
export function functionNames(module: object): string[] {
  return Object.entries(module).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
}

/**
 * Problems of a function: one line for each call that fails in a
 * forbidden way. An empty list is success.
 *
 * @example
 * const problems = await functionProblems('exact', module, { args: () => [{ n: 8 }], options: [0] });
 */
export async function functionProblems(
  name: string,
  module: object,
  trial: FunctionTrial,
): Promise<string[]> {
  const exported = (module as Readonly<Record<string, unknown>>)[name];
  const call = (trial.call ?? exported) as (...args: readonly unknown[]) => unknown;
  const problems: string[] = [];
  const attempt = async (path: Path, value: unknown): Promise<void> => {
    const args = withValueAt(trial.args(), path, value);
    const problem = await problemOf(call, args, path, value, trial.after);
    if (problem !== undefined) problems.push(`${name}: ${path.join('.')} = ${show(value)}: ${problem}`);
  };

  const { result, error } = await outcomeOf(call, trial.args());
  if (error !== undefined) return [`${name}: arguments that are right fail: ${String(error)}`];
  await trial.after?.(result);
  const paths = pathsOf(trial.args(), trial.depth);
  for (const path of paths) for (const value of wrongValues()) await attempt(path, value);
  if (paths.length > 0)
    for (const [index, value] of fc.sample(anyValue, { numRuns: RANDOM, seed: 20240 }).entries())
      await attempt(paths[index % paths.length], value);
  for (const path of objectPaths(trial.args())) {
    if (trial.options?.includes(Number(path[0])))
      problems.push(...(await unknownNames(name, call, trial, path)));
  }
  return problems;
}

/** Words of messages about a field that the wrong value lacks. */
const ABSENT = /(got|has dtype) (undefined|none)\b|none is known/;

/** Problems of unknown names, which must be refused with the nearest known name. */
async function unknownNames(
  name: string,
  call: (...args: readonly unknown[]) => unknown,
  trial: FunctionTrial,
  path: Path,
): Promise<string[]> {
  const ownNames = Object.keys(valueAt(trial.args(), path) as object);
  const problems: string[] = [];
  for (const [unknownName, nearest] of [
    ['zzzzzzzzzzzz', undefined],
    ...ownNames
      .filter((name) => name.length > 3)
      .map((name) => [name.replace(/(?=[A-Z])/g, '_').toUpperCase(), name]),
  ] as const) {
    if (unknownName === undefined || ownNames.includes(unknownName)) continue;
    const { result, error } = await outcomeOf(call, withValueAt(trial.args(), [...path, unknownName], 1));
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    if (error === undefined) await trial.after?.(result);
    if (
      error instanceof AttnError &&
      error.message.includes(show(unknownName)) &&
      error.message.includes(hint)
    )
      continue;
    problems.push(
      `${name}: ${path.join('.')} with the name ${unknownName}: ${String(error ?? 'it is ignored')}`,
    );
  }
  return problems;
}

async function problemOf(
  call: (...args: readonly unknown[]) => unknown,
  args: readonly unknown[],
  path: Path,
  value: unknown,
  after: FunctionTrial['after'],
): Promise<string | undefined> {
  const { result, error } = await outcomeOf(call, args);
  if (error === undefined) {
    await after?.(result);
    return undefined;
  }
  if (!(error instanceof AttnError)) return `a raw ${String(error)}`;
  if (error.code === 'INTERNAL') return String(error);
  // A wrong function is wrong in its result, which the message names instead.
  if (typeof value === 'function') return undefined;
  // An absent value is not shown. A value in a list or an object may be shown as part of that.
  if (value === undefined || error.code === 'MISSING_INPUT' || ABSENT.test(error.message)) return undefined;
  const whole = [...path.keys()].map((depth) => show(valueAt(args, path.slice(0, depth + 1))));
  const list = valueAt(args, path.slice(0, -1));
  const parts = [...partsOf(value), ...(path.length > 1 && Array.isArray(list) ? partsOf(list) : [])];
  const isNamed = [...whole, ...parts].some((text) => error.message.includes(text));
  return isNamed ? undefined : `the message lacks the value: ${error.message}`;
}

/**
 * Texts that a message may show instead of the whole value: its type, its length, or a name or a value in it.
 */
function partsOf(value: unknown, depth = 2): string[] {
  if (typeof value === 'string' && value !== '') return [show(value), value];
  if (typeof value !== 'object' || value === null || depth === 0) return [show(value)];
  try {
    const { length }: { readonly length?: unknown } = value;
    if (isMap(value)) return [show(value), ...[...value].flat().flatMap((part) => partsOf(part, depth - 1))];
    const fields = Object.entries(Object.getOwnPropertyDescriptors(value)).flatMap(([name, field]) => [
      show(name),
      ...partsOf(field.value, depth - 1),
    ]);
    return [typedArrayName(value) ?? show(value), `got ${show(length)}`, ...fields];
  } catch {
    return [show(value)];
  }
}

async function outcomeOf(
  call: (...args: readonly unknown[]) => unknown,
  args: readonly unknown[],
): Promise<{ readonly result?: unknown; readonly error?: unknown }> {
  try {
    return { result: await call(...args) };
  } catch (error) {
    return { error: error ?? new Error('nothing was thrown') };
  }
}
