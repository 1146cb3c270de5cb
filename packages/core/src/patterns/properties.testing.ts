/** Properties of every pattern, over random runs. Not published. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { coverageByCells, maskByCells, type Example } from './examples.testing.ts';
import type { Pattern } from './pattern.ts';
import type { Run } from './runs.ts';

/** Runs around a sequence of 48 positions; they may begin before and end after it. */
export function anyRun(
  options: { readonly contiguous?: boolean; readonly longest?: number } = {},
): fc.Arbitrary<Run> {
  const { contiguous = false, longest = 20 } = options;
  const step = contiguous ? fc.constant(1) : fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 }));
  return fc.record({
    start: fc.integer({ min: -12, max: 56 }),
    step,
    count: fc.integer({ min: 1, max: longest }),
  });
}

/** A batch row, a head and two runs. */
export type Place = readonly [b: number, h: number, q: Run, k: Run];

export function anyPlace(options: Parameters<typeof anyRun>[0] = {}): fc.Arbitrary<Place> {
  const bit = fc.integer({ min: 0, max: 1 });
  return fc.tuple(bit, bit, anyRun(options), anyRun(options));
}

/** Checks that `classify` agrees with `allows`, and does not answer `some` where it promises to be exact. */
export function checkClassify({ pattern, exact }: Pick<Example, 'pattern' | 'exact'>, runs = 300): void {
  const property = (contiguous: boolean, isExact: boolean): void =>
    fc.assert(
      fc.property(anyPlace({ contiguous, longest: contiguous ? 60 : 20 }), (place) => {
        const answer = pattern.classify(...place);
        const truth = coverageByCells(pattern, ...place);
        if (isExact || answer !== 'some') expect(answer).toBe(truth);
      }),
      { numRuns: runs },
    );
  property(false, exact === 'all runs');
  property(true, exact !== 'not promised');
}

/**
 * Equal signatures of runs of equal steps and counts mean equal masks, also of other heads and batch rows.
 */
export function checkSignature(pattern: Pattern, runs = 300): void {
  const anyStart = fc.integer({ min: -12, max: 56 });
  // Starts that move together are the pairs that share signatures.
  const anyMove = fc.oneof(fc.constant(0), fc.integer({ min: -40, max: 40 }));
  fc.assert(
    fc.property(
      anyPlace(),
      fc.nat(1),
      fc.nat(1),
      anyMove,
      fc.option(anyStart),
      ([b, h, q, k], b2, h2, move, start) => {
        const q2 = { ...q, start: start ?? q.start + move };
        const k2 = { ...k, start: k.start + move };
        const signature = pattern.signature(b, h, q, k);
        if (signature === undefined || signature !== pattern.signature(b2, h2, q2, k2)) return;
        expect(maskByCells(pattern, b2, h2, q2, k2)).toBe(maskByCells(pattern, b, h, q, k));
      },
    ),
    { numRuns: runs },
  );
}

/** Checks that a pattern without global tokens is the same where neither token is global. */
export function checkWithoutGlobals(pattern: Pattern, runs = 300): void {
  const rest = pattern.withoutGlobals();
  checkClassify({ pattern: rest, exact: 'not promised' }, runs);
  fc.assert(
    fc.property(anyPlace({ longest: 1 }), ([b, h, { start: q }, { start: k }]) => {
      const globals = pattern.globals(b, h);
      if (globals.includes(q) || globals.includes(k)) return;
      expect(rest.allows(b, h, q, k)).toBe(pattern.allows(b, h, q, k));
    }),
    { numRuns: runs },
  );
}

/** Heads and batch rows of the same variant have the same mask. */
export function checkVariant(pattern: Pattern, queryOffset = 0, length = 48): void {
  const whole = { start: 0, step: 1, count: length };
  const masks = new Map<string, string>();
  for (const [b, h] of [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]) {
    const mask = maskByCells(pattern, b, h, { ...whole, start: queryOffset }, whole);
    const variant = pattern.variant(b, h);
    expect(masks.get(variant) ?? mask).toBe(mask);
    masks.set(variant, mask);
  }
}
