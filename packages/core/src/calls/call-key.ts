/** Text that is equal for calls of equal graphs. */
import { aPattern } from '../patterns/options.ts';
import type { Pattern } from '../patterns/pattern.ts';
import type { Tensor } from '../tensor.ts';
import type { CallDefinition } from './call.ts';

/** The text of a call whose names and options have been checked; undefined for one whose graph must be built to be known. */
export function callKey<C extends object, V extends object>(
  { name: callee, options, sameAs = {} }: CallDefinition<C, V>,
  call: C,
): string | undefined {
  const entries = Object.entries(call).filter(([, value]) => value !== undefined) as [string, unknown][];
  const byName = new Map(entries);
  const texts = entries.map(([name, value]) => {
    const same = Object.hasOwn(sameAs, name) ? sameAs[name] : undefined;
    if (same !== undefined && byName.get(same) === value) return `${name} ${same}`;
    const text = Object.hasOwn(options, name) ? optionText(name, value) : tensorText(value);
    return text === undefined ? undefined : `${name} ${text}`;
  });
  return texts.includes(undefined) ? undefined : `${callee};${texts.join(';')}`;
}

function optionText(name: string, value: unknown): string | undefined {
  if (name === 'pattern') return aPattern.test(value) ? (value as Pattern).key : undefined;
  if (Array.isArray(value))
    return value.every((each) => typeof each === 'number') ? `[${value.join()}]` : undefined;
  return typeof value === 'object' ? undefined : `${typeof value} ${String(value)}`;
}

/** The dtype and shape of a tensor, or of each of a list. */
function tensorText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tensorText).join(' ')}]`;
  const { dtype, shape } = value as Tensor;
  return `${dtype} ${shape.join()}`;
}
