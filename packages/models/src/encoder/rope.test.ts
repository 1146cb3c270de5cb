// Rotary tables of the originals' configs.
import { describe, expect, test } from 'vitest';
import { goldenCases, tensorsOf } from '../testing/golden-sets.testing.ts';
import { readRope, ropeTables } from './rope.ts';
import type { JsonObject } from '@attn/core';

const cases = goldenCases('today', 'rope');

describe.each(cases)('$id', (golden) => {
  const {
    head_dim: width,
    rope_parameters: parameters,
    max_position_embeddings: maxPositions,
  } = golden.config as {
    readonly head_dim: number;
    readonly rope_parameters: JsonObject;
    readonly max_position_embeddings: number;
  };
  test('frequencies, cosines and sines', async () => {
    const tensors = await tensorsOf(golden);
    const rope = readRope(parameters, { width, maxPositions, name: 'rope_parameters' });
    const expected = tensors.get('out.inv_freq')?.data ?? [];
    for (const [k, frequency] of rope.frequencies.entries())
      expect(Math.abs(frequency / (Number(expected[k]) || 1) - (expected[k] ? 1 : 0))).toBeLessThan(4e-7);
    const tables = ropeTables(rope, tensors.get('aux.positions')?.data as Int32Array);
    for (const name of ['cos', 'sin'] as const) {
      const original = tensors.get(`out.${name}`)?.data ?? [];
      const worst = Math.max(...tables[name].map((value, i) => Math.abs(value - Number(original[i]))));
      // An angle of 131,071 is known to 0.008 in float32, and a rounded frequency moves it by as much.
      expect(worst).toBeLessThan(0.03);
    }
  });
});

test('a type that is not known is refused by its name', () => {
  const context = { width: 8, maxPositions: 10, name: 'rope_scaling' };
  expect(() => readRope({ rope_type: 'longrope' }, context)).toThrow(
    /rope_scaling must have .* got "longrope"/,
  );
  expect(() => readRope({}, context)).toThrow('config.json: rope_scaling: rope_theta must be a number');
});
