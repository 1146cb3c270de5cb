/** The composition that makes sinks of other ops means what the formula of the definition says. */
import type { NodeOf } from '@attn/core/backend';
import { attentionReference, evaluateReference, toReference } from '@attn/core/reference';
import { expect, test } from 'vitest';
import { sinkCases } from './sink.cases.ts';

test.each(sinkCases)('$id', ({ build }) => {
  const { graph, inputs } = build();
  const [node] = graph.nodes.filter((each): each is NodeOf<'attention'> => each.op === 'attention');
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, toReference(tensor)]),
  );
  const [out, lse] = attentionReference(tensors, { ...node.attributes, returnLse: true });
  const composed = evaluateReference(graph, inputs);
  expectClose(composed.out.data, out.data);
  if (composed.lse !== undefined) expectClose(composed.lse.data, lse.data);
});

function expectClose(actual: Float64Array, expected: Float64Array): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i] + 0, expected[i] + 0)) continue; // NaN, infinities, and zeros of any sign
    expect(Math.abs(actual[i] - expected[i])).toBeLessThan(1e-12 * Math.max(1, Math.abs(expected[i])));
  }
}
