import { expect, test } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import { checkGraphData } from '../host/node-data.ts';
import type { NodeOf } from '../graph/graph.ts';
import { ATTENTION_OPTIONAL } from '../ops/attention/spec.ts';
import { expectError, spec } from '../ops/ops.testing.ts';
import { full } from '../patterns/index.ts';
import { bool, i32 } from '../tensor.ts';
import { PLAN_INPUTS, planObstacle, planTensors, planValues } from './plan-inputs.ts';

/** Attention whose key mask is an input, whose query mask a constant, and whose documents are computed. */
function graphWithPlanInputs() {
  const builder = new GraphBuilder();
  const q = builder.input('q', spec([1, 1, 4, 2]));
  const keyMask = builder.input('visible', spec([1, 4], 'bool'));
  const queryMask = builder.constant(bool([1, 4], [1, 1, 0, 1]));
  const ids = builder.input('ids', spec([4], 'i32'));
  const segmentIds = builder.reshape(ids, [1, 4]);
  const { out } = builder.attention({ q, k: q, v: q, keyMask, queryMask, segmentIds }, { pattern: full() });
  const graph = builder.build({ out });
  const node = graph.nodes.find(({ op }) => op === 'attention') as NodeOf<'attention'>;
  return { graph, node };
}

test('every plan input is an input of attention', () => {
  for (const name of PLAN_INPUTS) expect(ATTENTION_OPTIONAL).toContain(name);
});

test('what a plan reads comes from inputs by their name in the graph, and from constants', () => {
  const { graph, node } = graphWithPlanInputs();
  const visible = bool([1, 4], [1, 0, 1, 1]);
  const { keyMask, queryMask, ...others } = planTensors(graph, node, { visible });
  expect(keyMask).toBe(visible);
  expect([...(queryMask?.data ?? [])]).toEqual([1, 1, 0, 1]);
  expect(Object.values(others).every((tensor) => tensor === undefined)).toBe(true);
  expect(planValues(node)).toEqual([node.inputs.keyMask, node.inputs.queryMask, node.inputs.segmentIds]);
});

test('a graph that computes what a plan reads is named as the obstacle', () => {
  const { graph, node } = graphWithPlanInputs();
  const sentence = 'segmentIds must be an input or a constant of the graph, not computed by it';
  expect(planObstacle(graph, node)).toBe(sentence);
  const { segmentIds: _, ...inputs } = node.inputs;
  expect(planObstacle(graph, { ...node, inputs })).toBeUndefined();
});

test('indices are checked before a run where the host has them, and only there', () => {
  const builder = new GraphBuilder();
  const table = builder.input('table', spec([3, 2]));
  const ids = builder.input('ids', spec([2], 'i32'));
  const computed = builder.argsort(builder.input('scores', spec([2], 'i32')));
  const checked = builder.embedding(ids, table);
  const unchecked = builder.embedding(computed, table);
  const graph = builder.build({ checked, unchecked });
  const error = 'embedding: ids must be in [0, 3), got 3 at position 1';
  expectError(() => checkGraphData(graph, { ids: i32([2], [0, 3]) }), 'INVALID_ARGUMENT', error);
  expect(() => checkGraphData(graph, { ids: i32([2], [0, 2]) })).not.toThrow();
  expect(() => checkGraphData(graph, {})).not.toThrow();
});
