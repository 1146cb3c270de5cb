// Weights outside of the model: referred to, never copied.
import { f32, GraphBuilder } from '@attn/core';
import { PlanCache } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { lowerGraph } from '../lower/lower.ts';
import { encodeModel } from './encode.ts';

const weight = f32([64, 64], new Float32Array(4096).fill(0.5));
const bias = f32([64], new Float32Array(64));

function smallModel() {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [2, 64] });
  const graph = builder.build({ y: builder.linear(x, builder.constant(weight), builder.constant(bias)) });
  return lowerGraph(graph, new PlanCache()).model;
}

test('each large weight is a file in memory, the very array of the graph', () => {
  const { model, data, weights } = encodeModel(smallModel(), 'test', { separateWeights: true });
  expect(weights.map(({ path }) => path)).toEqual(['weight-0']);
  expect(weights[0].data.buffer).toBe(weight.data.buffer);
  expect(data).toEqual([]);
  expect(model.length).toBeLessThan(2_000); // the bias is in it
});

test('by default all weights are in the model', () => {
  const { model, weights } = encodeModel(smallModel(), 'test');
  expect(weights).toEqual([]);
  expect(model.length).toBeGreaterThan(weight.data.byteLength);
});
