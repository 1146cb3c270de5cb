// Causal attention in small blocks: every kind of block, rows of all sizes, and what the fast form gives up.
import {
  and,
  causal,
  f32,
  full,
  GraphBuilder,
  slidingWindow,
  type Graph,
  type Pattern,
  type Tensor,
} from '@attn/core';
import { PlanCache } from '@attn/core/backend';
import { evaluateReference } from '@attn/core/reference';
import type { onnx as Onnx } from 'onnx-proto';
import { describe, expect, test } from 'vitest';
import { lowerGraph } from '../lower.ts';
import { greatestError, numbers, runnerOf } from '../runner.testing.ts';

const DIM = 8;
const causalBlocks = { rows: 48, keys: 32, triangle: 16 };

interface CallSizes {
  readonly n: number;
  readonly batch?: number;
  readonly heads?: number;
  readonly kvHeads?: number;
}

type Operands = Record<'q' | 'k' | 'v', Tensor<'f32'>>;

function operandsOf({ n, batch = 1, heads = 2, kvHeads = heads }: CallSizes, size: number): Operands {
  return {
    q: numbers([batch, heads, n, DIM], 1, size),
    k: numbers([batch, kvHeads, n, DIM], 2, size),
    v: numbers([batch, kvHeads, n, 5], 3, 1),
  };
}

interface CallOptions {
  readonly pattern?: Pattern;
  readonly softcap?: number;
  readonly alibi?: boolean;
}

function graphOf(
  operands: Operands,
  { pattern = causal(), softcap, alibi = false }: CallOptions = {},
): Graph {
  const builder = new GraphBuilder();
  const input = (name: keyof Operands) => builder.input(name, { dtype: 'f32', shape: operands[name].shape });
  const { out, lse } = builder.attention(
    {
      q: input('q'),
      k: input('k'),
      v: input('v'),
      alibiSlopes: alibi ? builder.input('slopes', { dtype: 'f32', shape: [1] }) : undefined,
    },
    { pattern, softcap, returnLse: true },
  );
  return builder.build({ out, ...(lse && { lse }) });
}

describe.each<CallSizes>([{ n: 16 }, { n: 64 }, { n: 75, batch: 2 }, { n: 97, heads: 6, kvHeads: 2 }])(
  '%o',
  (sizes) => {
    test.each([
      { size: 1 },
      { size: 1, portable: true },
      { size: 3, softcap: 2 },
      // Logits of hundreds, whose exponentials do not fit.
      { size: 20 },
    ])('%o', async ({ size, portable, softcap }) => {
      const operands = operandsOf(sizes, size);
      const graph = graphOf(operands, { softcap });
      const run = await runnerOf(graph, { causalBlocks, portable });
      const results = await run(operands);
      const expected = evaluateReference(graph, operands);
      for (const name of ['out', 'lse']) {
        expect(greatestError(results[name], expected[name].data)).toBeLessThan(4e-6 * size ** 2);
      }
    });
  },
);

test('NaN, infinities and large numbers change no bit of other heads and of earlier blocks', async () => {
  const [n, heads, poisoned] = [80, 3, 50];
  const operands = operandsOf({ n, heads }, 1);
  const graph = graphOf(operands);
  const run = await runnerOf(graph, { causalBlocks });
  const clean = await run(operands);
  for (const name of ['q', 'k', 'v'] as const) {
    for (const poison of [NaN, Infinity, -Infinity, 1e30]) {
      const { data, shape } = operands[name];
      const dim = shape[3];
      const row = (n + poisoned) * dim;
      const inputs = { ...operands, [name]: f32(shape, data.slice().fill(poison, row, row + dim)) };
      const results = await run(inputs);
      const expected = evaluateReference(graph, inputs);
      for (const [output, width] of [
        ['out', 5],
        ['lse', 1],
      ] as const) {
        const rows = (from: number, to: number): [Float32Array, Float32Array] => [
          results[output].slice(from * width, to * width),
          clean[output].slice(from * width, to * width),
        ];
        for (const [same, as] of [rows(0, n + 48), rows(2 * n, 3 * n)]) expect(same).toEqual(as);
        const isSound = expected[output].data.map((value) => (Number.isFinite(value) ? 1 : 0));
        expect(results[output].map((value) => (Number.isFinite(value) ? 1 : 0))).toEqual(
          Float32Array.from(isSound),
        );
      }
    }
  }
});

test('only what is fully causal and long takes this way', () => {
  const isCausalWay = (n: number, options: CallOptions): boolean => {
    const { model } = lowerGraph(graphOf(operandsOf({ n, heads: 1 }, 1), options), new PlanCache(), {});
    return model.main.nodes.some(({ opType }) => opType === 'If');
  };
  expect(isCausalWay(600, {})).toBe(true);
  expect(isCausalWay(600, { softcap: 2 })).toBe(true);
  expect(isCausalWay(500, {})).toBe(false);
  expect(isCausalWay(600, { pattern: full() })).toBe(false);
  expect(isCausalWay(600, { pattern: and(causal(), slidingWindow({ before: 64, after: 0 })) })).toBe(false);
  expect(isCausalWay(600, { alibi: true })).toBe(false);
});

/** The nodes of a graph as ONNX Runtime runs them: all that a node needs before it, the latest first. */
function inOrder(nodes: readonly Onnx.INodeProto[], outputs: readonly string[]): Onnx.INodeProto[] {
  const makers = new Map(nodes.flatMap((node, index) => (node.output ?? []).map((name) => [name, index])));
  const order = new Set<number>();
  const visit = (index: number): void => {
    const needed = (nodes[index].input ?? []).flatMap((name) => makers.get(name) ?? []);
    for (const other of needed.toSorted((a, b) => b - a)) if (!order.has(other)) visit(other);
    order.add(index);
  };
  for (const name of outputs) visit(makers.get(name) ?? -1);
  return [...order].map((index) => nodes[index]);
}

test('the weights of a part are let go before those of another are made', () => {
  const graph = graphOf(operandsOf({ n: 200, heads: 1 }, 1));
  const { model } = lowerGraph(graph, new PlanCache(), { causalBlocks });
  const scan = model.main.nodes.find(({ opType }) => opType === 'Scan');
  const body = scan?.attribute?.find(({ name }) => name === 'body')?.g;
  const outputs = body?.output?.map(({ name }) => name ?? '') ?? [];
  const order = inOrder(body?.node ?? [], outputs);
  const readers = (value: string) => order.filter(({ input }) => input?.includes(value)).length;
  const held = new Map<string, number>();
  let most = 0;
  for (const { opType, input, output } of order) {
    if (opType === 'Exp') held.set(output?.[0] ?? '', readers(output?.[0] ?? ''));
    most = Math.max(most, held.size);
    for (const name of input ?? []) {
      const remaining = (held.get(name) ?? 0) - 1;
      if (remaining > 0) held.set(name, remaining);
      else held.delete(name);
    }
  }
  expect(order.filter(({ opType }) => opType === 'Exp').length).toBeGreaterThan(20);
  expect(most).toBe(1);
});
