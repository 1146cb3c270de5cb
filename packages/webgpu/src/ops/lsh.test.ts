// LSH attention where memory is short, and the few passes that its sort takes. Results are the same either
// way, so only these tests show them.
import { buildLsh, f32, GraphBuilder, type Graph, type Tensors } from '@attn/core';
import {
  inputSpecs,
  lshProblem,
  PlanCache,
  type LshAttentionAttributes,
  type LshOptions,
} from '@attn/core/backend';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GpuDevice } from '../device/gpu-device.ts';
import type { KernelLimits, NodeProgram } from '../graph/context.ts';
import { Program } from '../graph/program.ts';
import { webgpu } from '../index.ts';
import { emitNode } from './index.ts';
import { lshObstacle } from './lsh-attention.ts';

let gpu: GpuDevice;
beforeAll(async () => {
  gpu = await GpuDevice.open({});
});
afterAll(() => gpu.dispose());

const [heads, length, dim] = [3, 40, 8];
const waves = (seed: number) =>
  f32(
    [1, heads, length, dim],
    Float32Array.from({ length: heads * length * dim }, (_, i) => Math.sin((i + 1) * seed)),
  );
const inputs: Tensors = { q: waves(1.7), v: waves(0.37) };

function graphOf(options: LshOptions, withMask = false): Graph {
  const builder = new GraphBuilder();
  const [q, v] = [builder.input('q', inputs.q), builder.input('v', inputs.v)];
  const mask = new Uint8Array(length).fill(1).fill(0, 33);
  const hidden = withMask && { keyMask: builder.constant({ dtype: 'bool', shape: [1, length], data: mask }) };
  const { out, lse } = buildLsh(
    builder,
    { q, v, ...hidden },
    { chunkLength: 8, bucketCount: 6, returnLse: true, ...options },
  );
  return builder.build({ out, ...(lse && { lse }) });
}

const limits: KernelLimits = {
  workgroupBytes: 16_384,
  bindingBytes: 2 ** 27,
  attentionRows: 16,
  gemmTile: 64,
  subgroups: false,
  isSoftware: true,
  hasF16: false,
  hasPackedDot: false,
};

async function run(graph: Graph, bindingBytes: number): Promise<Tensors> {
  const program = await Program.create(gpu, graph, new PlanCache(), { ...limits, bindingBytes });
  try {
    return await program.run({ inputs });
  } finally {
    program.dispose();
  }
}

function dispatchesOf(graph: Graph, op: string, bindingBytes = limits.bindingBytes): number {
  const context = { graph, limits: { ...limits, bindingBytes }, plans: new PlanCache() };
  const node = graph.nodes.find((candidate) => candidate.op === op);
  const program: NodeProgram | undefined = node && emitNode(context, node);
  return program?.kind === 'static' ? program.dispatches.length : 0;
}

/** Bytes that a round of a head takes. */
const PART = 4 * length * dim;

const [AT_ONCE, BY_HEADS] = [2 ** 20, 5 * PART];

test.each<[string, LshOptions, boolean]>([
  ['without a mask', { preset: 'hf' }, false],
  ['masked tokens, and pairs that count once', { preset: 'paper', causal: true }, true],
])(
  'heads and rounds that do not fit into memory follow one another: %s',
  async (_name, options, withMask) => {
    const graph = graphOf({ ...options, rounds: 5 }, withMask);
    const expected = await run(graph, AT_ONCE);
    const more = options.preset === 'paper' ? 1 : 0;
    expect(dispatchesOf(graph, 'lshAttention', AT_ONCE)).toBe(3 + more);
    expect(dispatchesOf(graph, 'lshAttention', BY_HEADS)).toBe(heads * (3 + more));
    // Batches of 2, 2 and 1 rounds; then of one round.
    for (const [bytes, batches] of [
      [4 * PART, 3],
      [3 * PART, 5],
    ]) {
      expect(dispatchesOf(graph, 'lshAttention', bytes)).toBe(heads * (1 + more + 2 * batches));
      const { out, lse } = await run(graph, bytes);
      out.data.forEach((value, i) => expect(value).toBeCloseTo(expected.out.data[i], 5));
      lse.data.forEach((value, i) => {
        if (Number.isFinite(value)) expect(value).toBeCloseTo(expected.lse.data[i], 5);
        else expect(value).toBe(expected.lse.data[i]);
      });
    }
  },
);

test('a sort has as many passes as its buckets have digits', () => {
  expect(dispatchesOf(graphOf({ bucketCount: 16 }), 'argsort')).toBe(3);
  // Hidden tokens have a bucket of their own, which needs one more digit.
  expect(dispatchesOf(graphOf({ bucketCount: 16 }, true), 'argsort')).toBe(6);
  expect(dispatchesOf(graphOf({ bucketCount: [16, 16] }), 'argsort')).toBe(6);
  const builder = new GraphBuilder();
  const order = builder.argsort(builder.input('x', { dtype: 'i32', shape: [5] }));
  expect(dispatchesOf(builder.build({ order }), 'argsort')).toBe(3 * 8);
});

test('the reason names what is too large', () => {
  const backend = webgpu();
  const problemOf = (tokens: number, attributes: Partial<LshAttentionAttributes>) => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [1, 1, tokens, 64] });
    const order = builder.input('order', { dtype: 'i32', shape: [1, 1, 3, tokens] });
    const { out } = builder.lshAttention({ q: x, v: x, order }, { chunkLength: 64, ...attributes });
    const graph = builder.build({ out });
    const [node] = graph.nodes;
    if (node.op !== 'lshAttention') throw new Error(node.op);
    return { problem: lshProblem(inputSpecs(graph, node), node.attributes), node, graph };
  };
  const fits = problemOf(2 ** 16, {});
  expect(lshObstacle(fits.problem, 2 ** 27)).toBeUndefined();
  expect(backend.supports(fits.node, fits.graph)).toBe(true);
  const large = problemOf(2 ** 18, {});
  expect(backend.supports(large.node, large.graph)).toBe(
    'the rounds of a head take 201326592 bytes, and this device binds at most 134217728',
  );
  const far = problemOf(2 ** 16, { chunkLength: 2 ** 16, chunksBefore: 2 ** 15, wrap: true });
  expect(backend.supports(far.node, far.graph)).toBe('a round has 32769 chunks of 65536 tokens to look at');
  const builder = new GraphBuilder();
  const order = builder.argsort(builder.input('x', { dtype: 'i32', shape: [2 ** 22, 1] }));
  const rows = builder.build({ order });
  expect(backend.supports(rows.nodes[0], rows)).toBe(
    'the digits of 4194304 rows take 268435456 bytes, and this device binds at most 134217728',
  );
});
