/** The best spans beside all spans, sorted. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BestSpans, findSpans, type Span } from './best-spans.ts';

/** All spans of at most `maxTokens`, the best first. */
function allSpans(starts: readonly number[], ends: readonly number[], maxTokens: number): Span[] {
  return starts
    .flatMap((startLogit, start) =>
      ends.map((endLogit, end) => ({ start, end, logit: startLogit + endLogit })),
    )
    .filter(({ start, end }) => start <= end && end < start + maxTokens)
    .toSorted((a, b) => b.logit - a.logit || a.start - b.start || a.end - b.end);
}

// Few values, so that many spans are equally good.
const logits = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), {
  maxLength: 40,
});

describe('the best spans', () => {
  test('are those of all, of equal ones the first', () => {
    const property = fc.property(
      logits,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 30 }),
      (pairs, maxTokens, most) => {
        const [starts, ends] = [pairs.map(([start]) => start), pairs.map(([, end]) => end)];
        const best = new BestSpans(most);
        findSpans(starts, ends, maxTokens, best);
        expect(best.sorted()).toEqual(allSpans(starts, ends, maxTokens).slice(0, most));
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  test('of one place count once, with the best logit', () => {
    const places = fc.array(
      fc.tuple(
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 99 }),
      ),
      { maxLength: 400 },
    );
    const property = fc.property(places, fc.integer({ min: 1, max: 60 }), (spans, most) => {
      const best = new BestSpans(most);
      const byPlace = new Map<string, Span>();
      for (const [start, end, logit] of spans) {
        best.add(start, end, logit);
        const earlier = byPlace.get(`${start} ${end}`)?.logit ?? -Infinity;
        byPlace.set(`${start} ${end}`, { start, end, logit: Math.max(logit, earlier) });
      }
      const expected = [...byPlace.values()].toSorted(
        (a, b) => b.logit - a.logit || a.start - b.start || a.end - b.end,
      );
      expect(best.sorted()).toEqual(expected.slice(0, most));
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('are found in tokens × length of an answer, and mostly in fewer steps', () => {
    const count = 20_000;
    const random = (seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * seed) * 8);
    let steps = 0;
    const best = new BestSpans(3);
    findSpans(random(0.7), random(1.3), 15, {
      get least() {
        steps += 1;
        return best.least;
      },
      add: (first, last, logit) => best.add(first, last, logit),
    });
    // One step for each start at least, and each step asks once.
    expect(steps).toBeGreaterThanOrEqual(count);
    expect(steps).toBeLessThan(count * 2);
    expect(best.sorted()).toHaveLength(3);
  });

  test('are none of logits that are no numbers', () => {
    const best = new BestSpans(2);
    findSpans([NaN, -Infinity], [NaN, 0], 2, best);
    expect(best.sorted()).toEqual([]);
  });
});
