/**
 * Checks options that users write: every name must exist, and every value be of the right kind. Public
 * functions read their options through `checkOptions`, with a table that says for each option what it must
 * be. The type of the table follows from that of the options: an option without a check does not compile.
 */
import { AttnError, show, type AttnErrorCode } from '../errors.ts';
import { anObject, type Kind } from './kinds.ts';
import { unknownName } from './nearest-name.ts';

type NamesOf<T> = T extends unknown ? keyof T : never;

/** What each option of `T` must be. Undefined counts as absent: only `required` kinds refuse it. */
export type OptionKinds<T extends object> = { readonly [K in NamesOf<T>]-?: Kind };

/** How errors name the options. */
export interface OptionWords {
  /** What the object is called: `options` by default, or `the call`, … */
  readonly name?: string;
  /** The code of the errors; `INVALID_ARGUMENT` by default. */
  readonly code?: AttnErrorCode;
}

/**
 * Copies options, without those that are undefined; each is read once. `where` is package and function, as in
 * `AttnError`. Errors: `INVALID_ARGUMENT`, or the code of `words`, for a value that is no object or cannot be
 * read, for a name that does not exist (with the nearest that does), and for a value of another kind.
 *
 * @example
 * const KINDS: OptionKinds<PoolOptions> = { threads: integer(1), poison: aBoolean };
 * const { threads = 1, poison = false } = checkOptions('pool/createPool', options, KINDS);
 */
export function checkOptions<T extends object>(
  where: string,
  options: T,
  kinds: OptionKinds<NoInfer<T>>,
  { name = 'options', code = 'INVALID_ARGUMENT' }: OptionWords = {},
): T {
  const fail = (message: string, cause?: unknown): never => {
    throw new AttnError(code, where, message, cause === undefined ? undefined : { cause });
  };
  const names = Object.keys(kinds) as NamesOf<T>[];
  const copy: Partial<Record<NamesOf<T>, unknown>> = {};
  let stranger: string | undefined;
  try {
    if (!isPlain(options)) fail(`${name} must be an object${listed(names)}, got ${show(options)}`);
    stranger = Object.keys(options).find((key) => !Object.hasOwn(kinds, key));
    for (const key of names) {
      const value: unknown = options[key as keyof T];
      if (value !== undefined) copy[key] = value;
    }
  } catch (cause) {
    if (cause instanceof AttnError) throw cause;
    fail(`${name} must be an object that can be read, got ${show(options)}`, cause);
  }
  if (stranger !== undefined) fail(unknownName('option', stranger, names.map(String)));
  for (const key of names) {
    const [kind, value] = [kinds[key], copy[key]];
    if (value === undefined ? kind.isRequired : !passes(kind, value))
      fail(`${String(key)} must be ${kind.expected}, got ${show(value)}`);
  }
  return copy as T;
}

/** Returns an argument of this kind. Errors: `INVALID_ARGUMENT`, or `code`, for any other value. */
export function checkArgument<T>(
  where: string,
  name: string,
  value: T,
  kind: Kind,
  code: AttnErrorCode = 'INVALID_ARGUMENT',
): T {
  if (passes(kind, value)) return value;
  throw new AttnError(code, where, `${name} must be ${kind.expected}, got ${show(value)}`);
}

/**
 * Reads the fields of an object whose names are the caller's own, each once. Errors: `INVALID_ARGUMENT` for a
 * value that is no object, is a list, or cannot be read.
 */
export function readEntries(where: string, name: string, value: object): [string, unknown][] {
  checkArgument(where, name, value, anObject);
  try {
    return Object.entries(value);
  } catch (cause) {
    const message = `${name} must be an object that can be read, got ${show(value)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message, { cause });
  }
}

/** Whether a value passes the test of a kind; the test of a hostile object may throw. */
function passes(kind: Kind, value: unknown): boolean {
  try {
    return kind.test(value);
  } catch {
    return false;
  }
}

/** Whether a value is an object or an instance of a class, not a list, map, date or other built-in object. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const tag = Object.prototype.toString.call(value);
  return tag === '[object Object]' || tag === '[object Module]';
}

function listed(names: readonly PropertyKey[]): string {
  return names.length === 0 ? '' : ` with ${names.map(String).join(', ')}`;
}
