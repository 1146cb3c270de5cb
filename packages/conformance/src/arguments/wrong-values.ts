/**
 * What people pass by mistake, and what nobody passes: values that no function may meet with a raw
 * `TypeError`.
 */
import fc from 'fast-check';

const fail = (): never => {
  throw new RangeError('nobody may look inside');
};

/** An object that throws whatever is asked of it. */
function hostile(): object {
  return new Proxy(
    {},
    { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail },
  );
}

/** Fresh ones each time, so that nothing that writes to one spoils the next call. */
export function wrongValues(): unknown[] {
  const primitives = [
    undefined,
    null,
    true,
    0,
    -1,
    0.5,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    1e300,
    12n,
    Symbol('s'),
  ];
  const texts = ['', 'abc', '__proto__'];
  const lists = [[], [1, 'x'], [[]], [null], new Uint8Array(3), new Float64Array(2)];
  const objects = [
    {},
    { length: 3 },
    { toString: 5 },
    Object.create(null),
    new Map([[1, 2]]),
    new Date(0),
    /x/,
  ];
  const others = [() => 1, new DataView(new ArrayBuffer(8))];
  const throwing = [hostile(), Object.defineProperty({}, 'x', { get: fail, enumerable: true })];
  return [...primitives, ...texts, ...lists, ...objects, ...others, ...throwing];
}

/** Anything else, small enough to be computed with where it happens to be right. */
export const anyValue: fc.Arbitrary<unknown> = fc.anything({
  maxDepth: 2,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withTypedArray: true,
  values: [
    fc.boolean(),
    fc.integer({ max: 300 }),
    fc.double({ max: 300 }),
    fc.string(),
    fc.constant(null),
    fc.constant(undefined),
  ],
});
