import { expect, test } from 'vitest';
import { checkArgument, checkOptions, type OptionKinds } from './check-options.ts';
import { AttnError } from '../errors.ts';
import {
  aBoolean,
  aFunction,
  aNumber,
  anything,
  aSignal,
  aString,
  either,
  integer,
  listOf,
  oneOf,
  type Kind,
} from './kinds.ts';
import { nearestName, unknownName } from './nearest-name.ts';

interface PoolOptions {
  readonly threads?: number;
  readonly keyMask?: unknown;
  readonly simd?: 'plain' | 'relaxed';
  readonly onProgress?: () => void;
}

const KINDS: OptionKinds<PoolOptions> = {
  threads: integer(1),
  keyMask: anything,
  simd: oneOf('plain', 'relaxed'),
  onProgress: aFunction,
};

function check(options: unknown): PoolOptions {
  return checkOptions('pool/createPool', options as PoolOptions, KINDS);
}

function problem(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AttnError) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new Error('no error');
}

test('takes known options, and leaves out those that are undefined', () => {
  expect(check({ threads: 2, simd: undefined })).toStrictEqual({ threads: 2 });
  expect(check(Object.assign(Object.create(null) as object, { threads: 2 }))).toStrictEqual({ threads: 2 });
  class Settings {
    get threads() {
      return 3;
    }
  }
  expect(check(new Settings())).toStrictEqual({ threads: 3 });
});

test('refuses unknown names with the nearest known one, or with all', () => {
  const to = (name: string) => problem(() => check({ [name]: 1 }));
  expect(to('numThreads')).toBe(
    'INVALID_ARGUMENT [attn/pool] createPool: there is no option "numThreads"; did you mean threads?',
  );
  expect(to('key_mask')).toContain('there is no option "key_mask"; did you mean keyMask?');
  expect(to('volume')).toContain('there is no option "volume"; known are threads, keyMask, simd, onProgress');
  expect(to('toString')).toContain('there is no option "toString"');
  expect(problem(() => checkOptions('a/b', { x: 1 } as object, {}))).toContain('"x"; none is known');
});

test('refuses values of another kind', () => {
  expect(problem(() => check({ threads: 0 }))).toContain('threads must be a positive integer, got 0');
  expect(problem(() => check({ simd: 'Plain' }))).toContain('simd must be "plain" or "relaxed", got "Plain"');
  expect(problem(() => check({ onProgress: {} }))).toContain('onProgress must be a function, got {}');
});

test.each([null, 5, 'text', [], new Map(), new Uint8Array(1), () => 1, Symbol('s'), 5n, new Date(0)])(
  'refuses what is no object: %o',
  (value) => {
    expect(problem(() => check(value))).toContain(
      'options must be an object with threads, keyMask, simd, onProgress, got ',
    );
  },
);

test('refuses objects that cannot be read, with the reason as cause', () => {
  const reason = new RangeError('no');
  const fail = () => {
    throw reason;
  };
  const hostile = [
    new Proxy({}, { ownKeys: fail }),
    new Proxy({}, { get: fail }),
    {
      get threads() {
        return fail();
      },
    },
  ];
  for (const value of hostile) {
    const attempt = () => check(value);
    expect(problem(attempt)).toContain('options must be an object that can be read, got ');
    expect(attempt).toThrow(expect.objectContaining({ cause: reason }));
  }
});

test('says another name and another code where asked to', () => {
  const words = { name: 'the call', code: 'INVALID_PATTERN' } as const;
  expect(problem(() => checkOptions('a/b', 5 as never, {}, words))).toBe(
    'INVALID_PATTERN [attn/a] b: the call must be an object, got 5',
  );
});

test.each<[Kind, unknown[], unknown[], string]>([
  [aBoolean, [true, false], [0, 'true', null], 'true or false'],
  [aString, ['', 'a'], [1, null], 'a string'],
  [aNumber, [0, -1.5], [NaN, Infinity, '1', 1n], 'a finite number'],
  [integer(), [-5, 0], [0.5, NaN, 2 ** 53], 'an integer'],
  [integer(0), [0, 7], [-1, '1'], 'a non-negative integer'],
  [integer(2), [2], [1], 'an integer of at least 2'],
  [integer(0, 8), [0, 8], [9], 'an integer from 0 to 8'],
  [integer(undefined, 8), [-9, 8], [9], 'an integer of at most 8'],
  [oneOf(true, 'a', null), [true, 'a', null], [false, 'b'], 'true, "a" or null'],
  [oneOf('a'), ['a'], ['b'], '"a"'],
  [aSignal, [new AbortController().signal], [{}, null, { aborted: true }], 'an AbortSignal'],
  [
    listOf(integer(0), 'a list of ids'),
    [[1, 2], [], Int32Array.of(3)],
    [[-1], 3, 'a', { length: 1 }],
    'a list of ids',
  ],
  [either(aBoolean, aString), [true, 'a'], [1], 'true or false or a string'],
])('%o', (kind, good, bad, words) => {
  for (const value of good) expect(checkArgument('a/b', 'x', value, kind)).toBe(value);
  for (const value of bad)
    expect(problem(() => checkArgument('a/b', 'x', value, kind))).toContain(`x must be ${words}, got `);
});

test('finds the nearest name', () => {
  const names = ['inputIds', 'attentionMask', 'globalTokens', 'n', 'q', 'k'];
  expect(nearestName('input_ids', names)).toBe('inputIds');
  expect(nearestName('attention-mask', names)).toBe('attentionMask');
  expect(nearestName('ATTENTIONMASK', names)).toBe('attentionMask');
  expect(nearestName('globalToken', names)).toBe('globalTokens');
  expect(nearestName('x', names)).toBeUndefined();
  expect(nearestName('Q', names)).toBe('q');
  expect(nearestName('positions', names)).toBeUndefined();
  expect(nearestName('x'.repeat(1e6), names)).toBeUndefined();
  expect(unknownName('op', 5, ['add'])).toBe('there is no op 5; known are add');
});
