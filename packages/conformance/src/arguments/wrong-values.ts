/** Wrong values, likely and unlikely ones. No function may answer them with a raw `TypeError`. */
import fc from 'fast-check';

const refuseAccess = (): never => {
  throw new RangeError('nobody may look inside');
};

/** An object that throws at every access. */
function hostile(): object {
  return new Proxy(
    {},
    {
      get: refuseAccess,
      has: refuseAccess,
      ownKeys: refuseAccess,
      getPrototypeOf: refuseAccess,
      getOwnPropertyDescriptor: refuseAccess,
    },
  );
}

/** Returns fresh values each time, so that a function that writes to one does not change the next call. */
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
  const throwing = [hostile(), Object.defineProperty({}, 'x', { get: refuseAccess, enumerable: true })];
  return [...primitives, ...texts, ...lists, ...objects, ...others, ...throwing];
}

/** Random values, small enough to compute with in case they are right. */
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
