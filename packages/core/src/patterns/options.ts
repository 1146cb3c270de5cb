/** The checks that every pattern's constructor makes of its options: a wrong one fails at once, in one sentence, with its value. */
import { checkArgument, checkOptions as checkKinds, type OptionKinds } from '../check-options.ts';
import { AttnError, show } from '../errors.ts';
import type { Kind } from '../kinds.ts';
import type { Pattern } from './pattern.ts';

/** The error of a wrong option: `expected slidingWindow's before to be a non-negative integer, got -1`. */
export function invalidPattern(expected: string, got: unknown): AttnError {
  return new AttnError('INVALID_PATTERN', 'core/pattern', `expected ${expected}, got ${show(got)}`);
}

/** What every pattern has. */
export const aPattern: Kind = {
  expected: 'a pattern, such as causal() or where(({ q, k }) => q.ge(k))',
  test: (value) => typeof (value as Partial<Pattern> | null | undefined)?.classify === 'function',
};

/** `pattern`, if it is one. */
export function checkPattern(where: string, pattern: Pattern): Pattern {
  return checkArgument(where, 'pattern', pattern, aPattern, 'INVALID_PATTERN');
}

/** True for arrays and typed arrays. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

/** A copy of the options of a pattern of this type, whose names are all known. */
export function checkOptions<T extends object>(type: string, options: T, kinds: OptionKinds<NoInfer<T>>): T {
  return checkKinds(`core/${type}`, options, kinds, { code: 'INVALID_PATTERN' });
}

/** `value`, if it is an integer of at least `minimum` and at most `maximum`. */
export function checkInteger(
  what: string,
  value: unknown,
  minimum: number,
  maximum: number = Infinity,
): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum)
    return value;
  const kind = minimum === 0 ? 'a non-negative integer' : minimum === 1 ? 'a positive integer' : 'an integer';
  const bounded = maximum < Infinity ? `${kind} of at most ${maximum}` : kind;
  throw invalidPattern(`${what} to be ${minimum === 0 && maximum === 1 ? '0 or 1' : bounded}`, value);
}

/** A copy of `value`, if it is a list of integers in these bounds, with at least one entry. */
export function checkIntegers(
  what: string,
  value: unknown,
  minimum: number,
  maximum?: number,
): readonly number[] {
  if (!isList(value) || value.length === 0) throw invalidPattern(`${what} to be a non-empty list`, value);
  const entry = `every entry of ${what}`;
  const integers: number[] = [];
  for (let i = 0; i < value.length; i++) integers.push(checkInteger(entry, value[i], minimum, maximum));
  return integers;
}

/** `value`, if it is true or false. */
export function checkBoolean(what: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalidPattern(`${what} to be true or false`, value);
}
