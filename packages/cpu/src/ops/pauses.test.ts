/**
 * Every op of many elements pauses between pieces of its work, so that a page paints and an abort is noticed.
 */
import { bool, f32, GraphBuilder, i32, type Tensor, type Value } from '@attn/core';
import { compileGraph, PlanCache, type Kernel, type OpName } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { random } from '../tensors.testing.ts';
import { kernelTable } from './index.ts';

/** A million elements in one row: an op that pauses here pauses for rows of any length. */
const x = random([1_000_000], 1);

const OPS: Partial<Record<OpName, (builder: GraphBuilder, x: Value) => Value>> = {
  add: (builder, value) => builder.add(value, value),
  mul: (builder, value) => builder.mul(value, builder.constant(f32([1], [2]))),
  relu: (builder, value) => builder.relu(value),
  softmax: (builder, value) => builder.softmax(builder.reshape(value, [1000, 1000])),
  reduce: (builder, value) => builder.reduce(builder.reshape(value, [1000, 1000]), 0, 'max'),
  mask: (builder, value) => builder.mask(value, builder.constant(bool([1], [1]))),
  layerNorm: (builder, value) => builder.layerNorm(builder.reshape(value, [1000, 1000]), { eps: 1e-5 }),
  transpose: (builder, value) => builder.transpose(builder.reshape(value, [1000, 1000]), [1, 0]),
  slice: (builder, value) => builder.slice(value, [1], [1_000_000]),
  concat: (builder, value) => builder.concat([value, value], 0),
  gather: (builder, value) =>
    builder.gather(builder.reshape(value, [1, 2, 500_000]), builder.constant(i32([2], [1, 0])), 1),
  embedding: (builder, value) =>
    builder.embedding(builder.constant(i32([2], [1, 0])), builder.reshape(value, [2, 500_000])),
};

/** Runs a graph of one op on its kernel, with a `pause` of the test's own. */
async function runWith(op: OpName, pause: () => undefined): Promise<Readonly<Record<string, Tensor>>> {
  const polite = <K extends OpName>(kernel: Kernel<K> | undefined): Kernel<K> | undefined =>
    kernel && ((call) => kernel({ ...call, context: { ...call.context, pause } }));
  const { add, mul, relu, softmax, reduce, mask, layerNorm, transpose, slice, concat, gather, embedding } =
    kernelTable(new PlanCache());
  const builder = new GraphBuilder();
  const out = OPS[op]?.(builder, builder.input('x', x));
  const graph = builder.build(out ? { out } : {});
  const executable = compileGraph(graph, {
    backend: 'test',
    kernels: {
      add: polite(add),
      mul: polite(mul),
      relu: polite(relu),
      softmax: polite(softmax),
      reduce: polite(reduce),
      mask: polite(mask),
      layerNorm: polite(layerNorm),
      transpose: polite(transpose),
      slice: polite(slice),
      concat: polite(concat),
      gather: polite(gather),
      embedding: polite(embedding),
    },
  });
  return executable.run({ x });
}

describe.each(Object.keys(OPS) as OpName[])('%s', (op) => {
  test('pauses every 65,536 elements', async () => {
    let pauses = 0;
    await runWith(op, () => void pauses++);
    expect(pauses).toBeGreaterThan(14);
  });

  test('stops when `pause` throws', async () => {
    let pauses = 0;
    const run = runWith(op, () => {
      if (++pauses === 3) throw new Error('stopped');
      return undefined;
    });
    await expect(run).rejects.toThrow('stopped');
    expect(pauses).toBe(3);
  });
});
