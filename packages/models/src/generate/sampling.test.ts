// Draws: only of the tokens that the options leave, and as often as softmax says.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { likeliest } from './log-softmax.ts';
import { Sampler, uniform } from './sampling.ts';

/** Probabilities of all tokens. */
function probabilities(
  logits: readonly number[],
  { temperature = 1, topK = 0, topP = 1 }: { temperature?: number; topK?: number; topP?: number },
): readonly number[] {
  const weights = new Sampler({ temperature, topK, topP }, logits.length).weigh(Float32Array.from(logits));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Array.from(weights, (weight) => weight / total);
}

const drawable = (all: readonly number[]): readonly number[] =>
  all.flatMap((probability, id) => (probability > 0 ? [id] : []));

test('only from the top k, and only from the fewest that reach p', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 350 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.double({ min: 0.5, max: 5, noNaN: true }),
      fc.nat(),
      (logits, topK, topP, temperature, seed) => {
        const best = probabilities(logits, { temperature, topK });
        const rest = drawable(best);
        expect(rest).toHaveLength(Math.min(topK, logits.length));
        const least = Math.min(...rest.map((id) => logits[id]));
        expect(logits.every((logit, id) => rest.includes(id) || logit <= least)).toBe(true);
        const nucleus = probabilities(logits, { temperature, topK, topP });
        const ids = drawable(nucleus).toSorted((a, b) => logits[b] - logits[a] || a - b);
        const sum = (some: readonly number[]): number => some.reduce((total, id) => total + best[id], 0);
        expect(sum(ids)).toBeGreaterThanOrEqual(topP - 1e-9);
        expect(sum(ids.slice(0, -1))).toBeLessThan(topP + 1e-9);
        const most = Math.min(...ids.map((id) => logits[id]));
        expect(logits.every((logit, id) => ids.includes(id) || logit <= most)).toBe(true);
        const sampler = new Sampler({ temperature, topK, topP }, logits.length);
        expect(ids).toContain(sampler.draw(Float32Array.from(logits), uniform(seed)()));
      },
    ),
  );
});

test('a nucleus of many tokens', () => {
  const logits = Array.from({ length: 5_000 }, (_, id) => Math.sin(id) / 10);
  const rest = drawable(probabilities(logits, { topP: 0.9 }));
  const all = probabilities(logits, {});
  const sorted = all.map((_, id) => id).toSorted((a, b) => all[b] - all[a]);
  let sum = 0;
  const fewest = sorted.findIndex((id) => (sum += all[id]) >= 0.9) + 1;
  expect(rest).toEqual(sorted.slice(0, fewest).toSorted((a, b) => a - b));
});

test('as often as softmax says', () => {
  const random = uniform(3);
  const sampler = new Sampler({ temperature: 1, topK: 0, topP: 1 }, 3);
  const logits = Float32Array.of(Math.log(1), Math.log(2), Math.log(5));
  const counts = [0, 0, 0];
  for (let i = 0; i < 20_000; i++) counts[sampler.draw(logits, random())] += 1;
  for (const [i, share] of [1 / 8, 2 / 8, 5 / 8].entries())
    expect(counts[i] / 20_000).toBeCloseTo(share, 1.5);
});

test('the last digit of a logit does not change a draw', () => {
  const logits = Float32Array.from({ length: 100 }, (_, id) => Math.cos(id / 7));
  const near = logits.map((logit, id) => logit * (1 + (id % 2 === 0 ? 1e-7 : -1e-7)));
  const random = uniform(5);
  const sampler = new Sampler({ temperature: 0.8, topK: 0, topP: 1 }, 100);
  for (let i = 0; i < 1_000; i++) {
    const threshold = random();
    expect(sampler.draw(near, threshold)).toBe(sampler.draw(logits, threshold));
  }
});

describe.each(['the likeliest', 'a draw'])('%s', (way) => {
  const choose = (...values: readonly number[]): number => {
    const logits = Float32Array.from(values);
    const sampler = new Sampler({ temperature: 1, topK: 0, topP: 1 }, values.length);
    return way === 'a draw' ? sampler.draw(logits, 0.4) : likeliest(logits);
  };
  test('is never NaN, and the infinite one', () => {
    expect([choose(NaN, 3, NaN), choose(0, Infinity, 5), choose(-Infinity, NaN, 2)]).toEqual([1, 1, 2]);
    expect(choose(-Infinity, -Infinity)).toBe(0);
    expect(() => choose(NaN, NaN)).toThrow('the model must give a logit that is a number, got 2 NaN');
  });
});

test('the likeliest is the first of equal ones', () => {
  expect(likeliest(Float32Array.of(1, 3, 3))).toBe(1);
});
