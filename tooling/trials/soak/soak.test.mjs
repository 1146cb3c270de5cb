// The foundations of a soak: its work is random, repeatable and has a right answer; its measure of memory
// shows growth and nothing else.
import { oracle } from '@attn/conformance';
import { mulberry32 } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { growth } from './memory.mjs';
import { randomWork } from './random-work.mjs';

/** The first works of a seed. */
function works(seed, count) {
  const whole = mulberry32(seed);
  return Array.from({ length: count }, () => randomWork(() => whole() / 2 ** 32));
}

test('work is repeatable, and of many kinds', () => {
  const ids = works(5, 60).map(({ id }) => id);
  expect(works(5, 60).map(({ id }) => id)).toEqual(ids);
  expect(new Set(ids).size).toBeGreaterThan(40);
  for (const kind of ['chain:', 'attn:attention:', 'attn:graph:'])
    expect(ids.some((id) => id.startsWith(kind))).toBe(true);
});

test('chains have finite answers with useful tolerances', () => {
  const chains = works(7, 60).filter(({ id }) => id.startsWith('chain:'));
  for (const { id, graph, inputs } of chains) {
    const { data, tolerance } = oracle(graph, inputs).out;
    expect(data.every(Number.isFinite), id).toBe(true);
    expect(Math.max(...tolerance), id).toBeLessThan(0.1);
  }
});

test('growth compares the last third with the second', () => {
  const samples = (values) => values.map((used) => ({ used }));
  expect(growth(samples([900, 100, 5, 5, 5, 6, 5, 5, 5]), 'used')).toBe(0);
  expect(growth(samples([1, 2, 3, 4, 5, 6, 7, 8, 9]), 'used')).toBe(3);
  expect(growth(samples([5, 5, 5, 5, 5, 9, 9, 9, 5]), 'used')).toBe(0);
  expect(growth(samples([1, 2]), 'used')).toBe(0);
});
