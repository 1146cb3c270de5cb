/**
 * What holds for every public function: whatever it is called with, it works, or it fails with an `AttnError`
 * whose message has the wrong value in it. A package lists its functions with right arguments for each, and
 * everything in them is made wrong in turn.
 */
import { AttnError } from '@attn/core';
import { isMap, show, typedArrayName } from '@attn/core/backend';
import fc from 'fast-check';
import { at, objectPaths, pathsOf, replaced, type Path } from './mutate.ts';
import { anyValue, wrongValues } from './wrong-values.ts';

/** A function and arguments that are right. */
export interface FunctionTrial {
  /** Default: the export of this name. */
  readonly call?: (...args: never[]) => unknown;
  /** Fresh ones for each call. */
  args(): readonly unknown[];
  /** Numbers of the arguments whose objects take no names but those that they know. */
  readonly options?: readonly number[];
  /** How deep to look into the arguments. Default 2: fields of fields. */
  readonly depth?: number;
  /** Ends what a call that worked has begun. */
  after?(result: unknown): unknown;
}

/** Functions by name; in place of a trial, one sentence that says why a function trusts its arguments. */
export type FunctionTable = Readonly<Record<string, FunctionTrial | string>>;

/** How many random values each function is tried with. */
const RANDOM = 40;

/**
 * Names of what a module exports that can be called. Methods of classes stand in a table by the types of the
 * classes.
 */
export function functionNames(module: object): string[] {
  return Object.entries(module).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
}

/**
 * What is wrong with a function: one line for each call that fails in another way than it may. None is
 * success.
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
    const args = replaced(trial.args(), path, value);
    const problem = await problemOf(call, args, path, value, trial.after);
    if (problem !== undefined) problems.push(`${name}: ${path.join('.')} = ${show(value)}: ${problem}`);
  };

  const right = await outcome(call, trial.args());
  if (right.error !== undefined) return [`${name}: arguments that are right fail: ${String(right.error)}`];
  await trial.after?.(right.result);
  const paths = pathsOf(trial.args(), trial.depth);
  for (const path of paths) for (const value of wrongValues()) await attempt(path, value);
  if (paths.length > 0)
    for (const [index, value] of fc.sample(anyValue, { numRuns: RANDOM, seed: 20240 }).entries())
      await attempt(paths[index % paths.length], value);
  for (const path of objectPaths(trial.args())) {
    if (trial.options?.includes(Number(path[0])))
      problems.push(...(await strangers(name, call, trial, path)));
  }
  return problems;
}

/** What a message says where something is absent from the wrong value. */
const ABSENT = /(got|has dtype) (undefined|none)\b|none is known/;

/** Names that are not known must be refused with the nearest that is. */
async function strangers(
  name: string,
  call: (...args: readonly unknown[]) => unknown,
  trial: FunctionTrial,
  path: Path,
): Promise<string[]> {
  const known = Object.keys(at(trial.args(), path) as object);
  const problems: string[] = [];
  for (const [stranger, nearest] of [
    ['zzzzzzzzzzzz', undefined],
    ...known
      .filter((each) => each.length > 3)
      .map((each) => [each.replace(/(?=[A-Z])/g, '_').toUpperCase(), each]),
  ] as const) {
    if (stranger === undefined || known.includes(stranger)) continue;
    const { result, error } = await outcome(call, replaced(trial.args(), [...path, stranger], 1));
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    if (error === undefined) await trial.after?.(result);
    if (error instanceof AttnError && error.message.includes(show(stranger)) && error.message.includes(hint))
      continue;
    problems.push(
      `${name}: ${path.join('.')} with the name ${stranger}: ${String(error ?? 'it is ignored')}`,
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
  const { result, error } = await outcome(call, args);
  if (error === undefined) {
    await after?.(result);
    return undefined;
  }
  if (!(error instanceof AttnError)) return `a raw ${String(error)}`;
  if (error.code === 'INTERNAL') return String(error);
  // Of a function it is what it returns that is wrong.
  if (typeof value === 'function') return undefined;
  // An absent value is not shown; one that stands in another may be shown with it.
  if (value === undefined || error.code === 'MISSING_INPUT' || ABSENT.test(error.message)) return undefined;
  const whole = [...path.keys()].map((depth) => show(at(args, path.slice(0, depth + 1))));
  const list = at(args, path.slice(0, -1));
  const parts = [...partsOf(value), ...(path.length > 1 && Array.isArray(list) ? partsOf(list) : [])];
  const isNamed = [...whole, ...parts].some((text) => error.message.includes(text));
  return isNamed ? undefined : `the message lacks the value: ${error.message}`;
}

/**
 * What a message may say of a wrong value in its place: what it is, how long it is, a name or a value in it.
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

async function outcome(
  call: (...args: readonly unknown[]) => unknown,
  args: readonly unknown[],
): Promise<{ readonly result?: unknown; readonly error?: unknown }> {
  try {
    return { result: await call(...args) };
  } catch (error) {
    return { error: error ?? new Error('nothing was thrown') };
  }
}
