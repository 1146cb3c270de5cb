import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARITHMETIC, type Arithmetic } from './expression-tree.ts';
import { valuesOf } from './interval.ts';
import { progression, type Progression } from './progression.ts';

const list = ({ low, high, step }: Progression): number[] =>
  Array.from({ length: step === 0 ? 1 : (high - low) / step + 1 }, (_, i) => low + i * step);

const anyProgression = fc
  .tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 8 }))
  .map(([low, step, count]) => progression(low, low + step * (count - 1), step));

/** Checks that a progression has all values, and that its bounds are among them. */
function expectHeld(values: readonly number[], held: Progression): void {
  expect(list(held).at(-1)).toBe(held.high);
  const all = new Set(list(held));
  for (const value of values) expect(all).toContain(value);
}

describe('valuesOf', () => {
  it.each<Arithmetic>(['add', 'sub', 'mul', 'min', 'max'])('holds every value of %s', (name) => {
    fc.assert(
      fc.property(anyProgression, anyProgression, (q, k) => {
        const values = list(q).flatMap((a) => list(k).map((b) => ARITHMETIC[name](a, b)));
        const held = valuesOf([name, 'q', 'k'])(q, k);
        expectHeld(values, held);
        expect([held.low, held.high]).toEqual([Math.min(...values), Math.max(...values)]);
      }),
    );
  });

  it.each<Arithmetic>(['div', 'mod'])('holds every value of %s', (name) => {
    fc.assert(
      fc.property(anyProgression, fc.integer({ min: 1, max: 20 }), (q, divisor) => {
        const values = list(q).map((a) => ARITHMETIC[name](a, divisor));
        expectHeld(values, valuesOf([name, 'q', divisor])(q, q));
      }),
      { numRuns: 500 },
    );
  });

  it('holds every value of abs, between its least and its greatest', () => {
    fc.assert(
      fc.property(anyProgression, (q) => {
        const values = list(q).map((a) => Math.abs(a));
        const held = valuesOf(['abs', 'q'])(q, q);
        expectHeld(values, held);
        expect([held.low, held.high]).toEqual([Math.min(...values), Math.max(...values)]);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the step where it decides', () => {
    const evens = progression(-6, 10, 4);
    expect(valuesOf(['mod', 'q', 4])(evens, evens)).toEqual({ low: 2, high: 2, step: 0 });
    expect(valuesOf(['abs', 'q'])(evens, evens)).toEqual({ low: 2, high: 10, step: 4 });
    expect(valuesOf(['mul', 'q', 3])(evens, evens)).toEqual({ low: -18, high: 30, step: 12 });
    expect(valuesOf(['div', 'q', 2])(evens, evens)).toEqual({ low: -3, high: 5, step: 2 });
  });
});
