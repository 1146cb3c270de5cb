// Halves are in the model as they are, and become numbers when their layer runs, one layer at a time.
import { GraphBuilder, f32, type Graph, type HalfForm } from '@attn/core';
import { HalfWriter, PlanCache } from '@attn/core/backend';
import protobuf from 'onnx-proto';
import { expect, test } from 'vitest';
import { encodeModel } from '../../model/encode.ts';
import { onnx } from '../../node.ts';
import { lowerGraph } from '../lower.ts';

const [ROWS, LENGTH] = [6, 33];

function graphOf(float: HalfForm, isConstant: boolean): Graph {
  const writer = new HalfWriter(ROWS, LENGTH, float);
  for (let row = 0; row < ROWS; row++) writer.write(row, new Float32Array(LENGTH).fill(row + 0.5));
  const { codes, ...format } = writer.matrix();
  const builder = new GraphBuilder();
  const x = builder.input('x', f32([2, LENGTH], new Float32Array(2 * LENGTH)));
  const weight = { codes: isConstant ? builder.constant(codes) : builder.input('codes', codes) };
  return builder.build({ y: builder.quantizedLinear(x, weight, undefined, format) });
}

test.each([
  ['f16', 10],
  ['bf16', 16],
] as const)('%s: an initializer of two bytes a number, whose cast waits for the input', (float, dataType) => {
  const { model } = encodeModel(lowerGraph(graphOf(float, true), new PlanCache(), {}).model, 'test');
  const { graph } = protobuf.onnx.ModelProto.decode(model);
  const stored = graph?.initializer?.find((tensor) => tensor.dataType === dataType);
  expect(stored?.rawData).toHaveLength(2 * ROWS * LENGTH);
  const makers = new Map(graph?.node?.flatMap((node) => (node.output ?? []).map((name) => [name, node])));
  const isReached = (name: string): boolean =>
    name === 'x' || (makers.get(name)?.input ?? []).some(isReached);
  const toNumbers = graph?.node?.find(
    ({ opType, attribute }) => opType === 'Cast' && Number(attribute?.[0].i) === 1,
  );
  expect(isReached(toNumbers?.input?.[0] ?? '')).toBe(true);
});

test('halves that come with a run are refused, with the reason', async () => {
  const backend = onnx();
  try {
    await expect(backend.compile(graphOf('f16', false))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('halves that come with the run, and must be a constant'),
    });
  } finally {
    await backend.dispose();
  }
});
