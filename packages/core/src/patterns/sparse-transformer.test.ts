/** The two patterns of the Sparse Transformer, asked as a planner asks. */
import { describe, expect, it } from 'vitest';
import { coverageByCells } from './examples.testing.ts';
import { fixed } from './fixed.ts';
import type { Run } from './runs.ts';
import { strided } from './strided.ts';

const run = (start: number, count: number, step = 1): Run => ({ start, step, count });

describe('fixed', () => {
  const pattern = fixed({ stride: 8, summary: 2 });

  it('asks for the keys that summarise side by side, and leaves the queries', () => {
    const [hint, ...others] = pattern.hints(0, 0);
    expect(others).toEqual([]);
    expect(Object.keys(hint)).toEqual(['keyLabels']);
    const labels = Array.from({ length: 10 }, (_, k) => hint.keyLabels?.(k));
    expect(labels).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 0, 0]);
  });

  it('asks for no order when all keys summarise', () => {
    expect(fixed({ stride: 4, summary: 4 }).hints(0, 0)).toEqual([]);
  });

  it('knows the pieces of that order', () => {
    expect(pattern.classify(0, 0, run(64, 64), run(6, 2))).toBe('all');
    expect(pattern.classify(0, 0, run(64, 64), run(7, 7, 8))).toBe('all');
    expect(pattern.classify(0, 0, run(64, 64), run(8, 6))).toBe('none');
    expect(pattern.classify(0, 0, run(64, 64), run(1, 7, 8))).toBe('none');
    expect(pattern.classify(0, 0, run(64, 64), run(0, 8))).toBe('some');
  });
});

describe('strided', () => {
  const pattern = strided({ stride: 8 });

  it('decides contiguous runs and runs of one residue exactly', () => {
    for (const step of [1, 8]) {
      for (let start = -20; start < 60; start++) {
        const [q, k] = [run(30, 3, step), run(start, 4, step)];
        expect(pattern.classify(0, 0, q, k)).toBe(coverageByCells(pattern, 0, 0, q, k));
      }
    }
  });

  it('asks for tokens by residue, and for nothing when it is plainly causal', () => {
    expect(pattern.hints(0, 0)).toEqual([{ modulus: 8 }]);
    expect(strided({ stride: 1 }).hints(0, 0)).toEqual([]);
  });
});
