/** Kinds of arguments: a test, and the words that an error puts after "must be". */

import { isList, typedArrayName } from '../util/typed-array.ts';

/** What an argument must be. */
export interface Kind {
  /** `true or false`, `a positive integer`, … */
  readonly expected: string;
  test(value: unknown): boolean;
  /** Whether an option of this kind must be present. */
  readonly isRequired?: boolean;
}

/** The kind of an option that must be present. */
export function required(kind: Kind): Kind {
  return { ...kind, isRequired: true };
}

/** Accepts everything: for options that are checked elsewhere. */
export const anything: Kind = { expected: 'anything', test: () => true };

export const aBoolean: Kind = { expected: 'true or false', test: (value) => typeof value === 'boolean' };

export const aString: Kind = { expected: 'a string', test: (value) => typeof value === 'string' };

export const aFunction: Kind = { expected: 'a function', test: (value) => typeof value === 'function' };

/** A finite number. */
export const aNumber: Kind = { expected: 'a finite number', test: Number.isFinite };

/** A finite number above 0. */
export const aPositiveNumber: Kind = {
  expected: 'a finite number above 0',
  test: (value) => Number.isFinite(value) && Number(value) > 0,
};

export const anObject: Kind = {
  expected: 'an object',
  test: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/** An object with fields that can be read; what they contain is not checked. */
export function fields(expected: string, ...names: readonly string[]): Kind {
  return {
    expected,
    test: (value) =>
      anObject.test(value) && names.map((name) => Reflect.get(value as object, name)).length > 0,
  };
}

/** An object whose fields can be read. */
export const aRecord: Kind = {
  expected: 'an object that can be read',
  test: (value) => anObject.test(value) && Object.entries(value as object).length >= 0,
};

/** Arrays and typed arrays. */
export const aList: Kind = {
  expected: 'a list',
  test: isList,
};

/** Arrays of numbers, and typed arrays other than those of BigInts. */
export const aListOfNumbers: Kind = {
  expected: 'a list of numbers',
  test: (value) =>
    Array.isArray(value)
      ? value.every((entry) => typeof entry === 'number')
      : typedArrayName(value)?.startsWith('Big') === false,
};

/** Everything that behaves like an `AbortSignal`, also one of another realm, or a polyfill. */
export const aSignal: Kind = {
  expected: 'an AbortSignal',
  test(value) {
    const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
    return typeof aborted === 'boolean' && typeof addEventListener === 'function';
  },
};

/** Integers from `least` to `most`. */
export function integer(least: number = -Infinity, most: number = Infinity): Kind {
  return {
    expected: integersInWords(least, most),
    test: (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
  };
}

function integersInWords(least: number, most: number): string {
  if (most < Infinity)
    return least === -Infinity ? `an integer of at most ${most}` : `an integer from ${least} to ${most}`;
  if (least === -Infinity) return 'an integer';
  return least === 0
    ? 'a non-negative integer'
    : least === 1
      ? 'a positive integer'
      : `an integer of at least ${least}`;
}

/** One of these values, which the error spells as in code. */
export function oneOf(...values: readonly (string | number | boolean | null)[]): Kind {
  const texts = values.map((value) => JSON.stringify(value));
  return {
    expected: [texts.slice(0, -1).join(', '), ...texts.slice(-1)].filter((text) => text !== '').join(' or '),
    test: (value) => values.some((allowed) => allowed === value),
  };
}

/** A list whose entries are all of a kind; typed arrays are lists. */
export function listOf(entries: Kind, expected: string): Kind {
  return {
    expected,
    test: (value) => aList.test(value) && Array.from(value as ArrayLike<unknown>).every(entries.test),
  };
}

/** A value of any of these kinds. */
export function either(...kinds: readonly Kind[]): Kind {
  return {
    expected: kinds.map(({ expected }) => expected).join(' or '),
    test: (value) => kinds.some((kind) => kind.test(value)),
  };
}
