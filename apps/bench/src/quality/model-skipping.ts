/** Counts the tiles that a bound could leave out in the layers of a model that reads a text. */
import type { Attn, Graph, Tensor, Tensors } from '@attn/core';
import type { Encoder } from '@attn/models/node';
import { mean } from 'simple-statistics';
import { clustered, skippedTiles, type HeadStates, type Skipped } from './skipping.ts';

/** How large tiles are, and in which order the keys. */
export interface Tiling {
  readonly rows: number;
  readonly columns: number;
  readonly order: 'text' | 'clusters';
}

/** Shares over all heads and layers, and those of the head in which most tiles may go. */
export interface SkippingRow extends Tiling {
  readonly epsilon: number;
  readonly mean: Skipped;
  readonly most: Skipped;
}

const TILINGS: readonly Tiling[] = [
  { rows: 64, columns: 64, order: 'text' },
  { rows: 64, columns: 64, order: 'clusters' },
  { rows: 16, columns: 16, order: 'clusters' },
  { rows: 1, columns: 16, order: 'clusters' },
];
const EPSILONS = [1e-6, 1e-3, 1e-2];

/** Runs the model on each text, cut to its longest length. Errors: `RangeError` without dense attention. */
export async function skippingOf(
  model: Encoder,
  attn: Attn,
  texts: readonly string[],
): Promise<readonly SkippingRow[]> {
  const heads: HeadStates[] = [];
  for (const text of texts) heads.push(...(await headsOf(model, attn, text)));
  return TILINGS.flatMap((tiling) => {
    const { columns, order } = tiling;
    const shares = heads.map((states) =>
      skippedTiles(order === 'text' ? states : clustered(states, columns), { ...tiling, epsilons: EPSILONS }),
    );
    return EPSILONS.map((epsilon, e) => ({
      ...tiling,
      epsilon,
      mean: combined(shares, e, mean),
      most: combined(shares, e, (values) => Math.max(...values)),
    }));
  });
}

function combined(
  shares: readonly (readonly Skipped[])[],
  e: number,
  combine: (values: number[]) => number,
): Skipped {
  return {
    certified: combine(shares.map((share) => share[e].certified)),
    possible: combine(shares.map((share) => share[e].possible)),
  };
}

async function headsOf(
  { network, tokenizer }: Encoder,
  attn: Attn,
  text: string,
): Promise<readonly HeadStates[]> {
  if (tokenizer === undefined) throw new RangeError('expected a model with a tokenizer, got one without');
  const { ids } = tokenizer.encode(text);
  const length = Math.min(ids.length, network.maxLength);
  const { graph, inputs } = network.call({ inputIds: [ids.slice(0, length)] });
  const nodes = graph.nodes.filter((node) => node.op === 'attention');
  if (nodes.length === 0) throw new RangeError(`expected attention in ${network.architecture}, got none`);
  const outputs = new Map(
    nodes.flatMap(({ inputs: { q, k } }, i) => [[`q${i}`, q] as const, [`k${i}`, k] as const]),
  );
  const probe: Graph = { ...graph, outputs, key: `${graph.key}:qk` };
  const states: Tensors = await attn.run(probe, inputs);
  attn.release(probe);
  return nodes.flatMap(({ attributes: { scale, layout } }, i) => {
    const q = headsFirst(states[`q${i}`], layout);
    const k = headsFirst(states[`k${i}`], layout);
    const d = q[0].length / length;
    return q.map((head, h) => ({ q: head, k: k[h], n: length, d, scale: scale ?? 1 / Math.sqrt(d) }));
  });
}

/** The rows of each head of [1, H, N, D] or [1, N, H, D]. */
function headsFirst({ data, shape }: Tensor, layout: string | undefined): readonly Float32Array[] {
  const isTransposed = layout === 'bnhd';
  const [heads, n, d] = isTransposed ? [shape[2], shape[1], shape[3]] : [shape[1], shape[2], shape[3]];
  return Array.from({ length: heads }, (_, h) =>
    Float32Array.from({ length: n * d }, (__, at) => {
      const row = Math.floor(at / d);
      return data[(isTransposed ? row * heads + h : h * n + row) * d + (at % d)];
    }),
  );
}
