import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  progressionCoverage,
  progression,
  scaledRun,
  sumCoverage,
  type Progression,
  type Target,
} from './progression.ts';

const valuesOf = ({ low, high, step }: Progression): number[] =>
  Array.from({ length: step === 0 ? 1 : (high - low) / step + 1 }, (_, i) => low + i * step);

const inside = (value: number, { low, high, modulus, residue }: Target): boolean =>
  low <= value && value <= high && (((value - residue) % modulus) + modulus) % modulus === 0;

const truth = (values: readonly number[], target: Target): string => {
  const hits = values.filter((value) => inside(value, target)).length;
  return hits === 0 ? 'none' : hits === values.length ? 'all' : 'some';
};

const anyProgression = fc
  .tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9 }))
  .map(([low, step, count]) => progression(low, low + step * (count - 1), step));

const anyTarget = fc
  .tuple(
    fc.oneof(fc.constant(-Infinity), fc.integer({ min: -50, max: 50 })),
    fc.oneof(fc.constant(Infinity), fc.integer({ min: -50, max: 50 })),
    fc.integer({ min: 1, max: 15 }),
    fc.nat(14),
  )
  .map(([low, high, modulus, residue]) => ({ low, high, modulus, residue: residue % modulus }));

describe('coverage', () => {
  it('is exact, bounds and residues together', () => {
    fc.assert(
      fc.property(anyProgression, anyTarget, (x, target) => {
        expect(progressionCoverage(x, target)).toBe(truth(valuesOf(x), target));
      }),
      { numRuns: 2000 },
    );
  });

  it('answers with the safe "some" for moduli that cannot be multiplied exactly', () => {
    const target = { low: -Infinity, high: Infinity, modulus: 2 ** 40 + 1, residue: 5 };
    expect(progressionCoverage({ low: 0, high: 3, step: 1 }, target)).toBe('some');
  });
});

describe('sumCoverage', () => {
  it('is exact for all sums of two short progressions', () => {
    fc.assert(
      fc.property(anyProgression, anyProgression, anyTarget, (x, y, target) => {
        const sums = valuesOf(x).flatMap((a) => valuesOf(y).map((b) => a + b));
        expect(sumCoverage(x, y, target)).toBe(truth(sums, target));
      }),
      { numRuns: 2000 },
    );
  });

  it('sees the gaps between sums of unequal steps', () => {
    const [x, y] = [progression(0, 1, 1), progression(0, 30, 10)];
    expect(sumCoverage(x, y, { low: 2, high: 9, modulus: 1, residue: 0 })).toBe('none');
    expect(sumCoverage(x, y, { low: 2, high: 10, modulus: 1, residue: 0 })).toBe('some');
  });

  it('stops looking for gaps when both progressions are long', () => {
    const [x, y] = [progression(0, 3 * 999, 3), progression(0, 5 * 999, 5)];
    // 1 is no sum of 3s and 5s, but a thousand of each are too many to try.
    expect(sumCoverage(x, y, { low: 1, high: 1, modulus: 1, residue: 0 })).toBe('some');
  });
});

describe('progression', () => {
  it('has step 0 exactly when there is one value', () => {
    expect(progression(3, 3, 7).step).toBe(0);
    expect(scaledRun({ start: 5, step: 3, count: 1 }, -2)).toEqual({ low: -10, high: -10, step: 0 });
    expect(scaledRun({ start: 5, step: 3, count: 3 }, -2)).toEqual({ low: -22, high: -10, step: 6 });
  });

  it('saturates, and then forgets the step', () => {
    const max = Number.MAX_SAFE_INTEGER;
    expect(progression(0, 1e300, 4)).toEqual({ low: 0, high: max, step: 1 });
    expect(progression(1e300, 1e301, 4)).toEqual({ low: max, high: max, step: 0 });
  });
});
