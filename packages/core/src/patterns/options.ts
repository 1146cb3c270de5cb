/** Checks of the options of patterns: a wrong one throws at once, in a sentence with its value. */
import { checkArgument, checkOptions as checkKinds, type OptionKinds } from '../check/check-options.ts';
import { AttnError, show } from '../errors.ts';
import type { Kind } from '../check/kinds.ts';
import { isList } from '../util/typed-array.ts';
import type { Pattern } from './pattern.ts';

/** The error of a wrong option: `expected slidingWindow's before to be a non-negative integer, got -1`. */
export function invalidPattern(expected: string, got: unknown): AttnError {
  return new AttnError('INVALID_PATTERN', 'core/pattern', `expected ${expected}, got ${show(got)}`);
}

/** Whether a value is a pattern, whoever defined it. */
export function isPattern(value: unknown): value is Pattern {
  try {
    const { allows, classify } = Object(value) as Partial<Pattern>;
    return typeof allows === 'function' && typeof classify === 'function';
  } catch {
    return false; // a hostile object
  }
}

/** The kind of value that every pattern is. */
export const aPattern: Kind = { expected: 'a pattern such as causal()', test: isPattern };

/** What to write instead of a value that seems to mean a pattern: ` (write where(…) …)`; else empty. */
export function patternHint(value: unknown): string {
  try {
    if (typeof value === 'function')
      return ' (write where(({ q, k }) => …) for a formula, causal() with its brackets)';
    if (Array.isArray(value) && value.some(isPattern)) return ' (write ...list for a list of them)';
    if (typeof Object(value).type === 'string') return ' (write patternFromJson(json) for JSON)';
  } catch {
    // a hostile object
  }
  return '';
}

/** Returns the pattern. Errors: `INVALID_PATTERN` for anything else; it may say what to write instead. */
export function checkPattern(where: string, pattern: Pattern): Pattern {
  const expected = `${aPattern.expected}${isPattern(pattern) ? '' : patternHint(pattern)}`;
  return checkArgument(where, 'pattern', pattern, { ...aPattern, expected }, 'INVALID_PATTERN');
}

/** Copies the options of a pattern. Errors: `INVALID_PATTERN` for a name that its type does not have. */
export function checkOptions<T extends object>(type: string, options: T, kinds: OptionKinds<NoInfer<T>>): T {
  return checkKinds(`core/${type}`, options, kinds, { code: 'INVALID_PATTERN' });
}

/** Returns the value. Errors: `INVALID_PATTERN` unless it is an integer between `minimum` and `maximum`. */
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

/** Copies a list. Errors: `INVALID_PATTERN` unless it has entries, all of them integers within the bounds. */
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

/** Returns the value. Errors: `INVALID_PATTERN` unless it is true or false. */
export function checkBoolean(what: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalidPattern(`${what} to be true or false`, value);
}
