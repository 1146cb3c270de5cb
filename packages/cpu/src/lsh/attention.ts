/**
 * The `lshAttention` op: every round of a head is a plan like any other (`ChunkPlan` in core), which the
 * functions of `attention/` compute tile by tile, with normalised queries as keys. The result of a row block
 * is merged at once with those of earlier rounds, so no round is stored.
 */
import {
  ChunkPlan,
  type HeadRounds,
  lshProblem,
  TILE,
  type BlockTiles,
  type Kernel,
  type KernelCall,
  type LshProblem,
} from '@attn/core/backend';
import { headRows, type HeadRows, type Heads } from '../attention/gather.ts';
import type { LogitTerm } from '../attention/logits.ts';
import {
  addTile,
  beginRowBlock,
  rowBlockScratch,
  tilesOf,
  type HeadWork,
  type Scratch,
} from '../attention/row-block.ts';
import { TileCache } from '../attention/tile-cache.ts';
import { readFloats, writeFloats } from '../floats.ts';

/** The kernel of `lshAttention`. */
export const lshAttention: Kernel<'lshAttention'> = async (call) => {
  const { inputs, attributes, outputs } = call;
  const problem = lshProblem(inputs, attributes);
  const { batch, heads, length, headDim, valueDim, layout } = problem;
  const [outTensor, lseTensor] = outputs;
  const out = writeFloats(outTensor);
  out.data.fill(0);
  const headsOf = (data: Float32Array, dim: number): Heads => ({ data, layout, heads, length, dim });
  const [q, v] = [headsOf(readFloats(inputs.q), headDim), headsOf(readFloats(inputs.v), valueDim)];
  const results = headsOf(out.data, valueDim);
  const plan = new ChunkPlan(problem);
  const rounds = new Rounds(call, problem, plan.tiles);

  for (let member = 0; member < batch * heads; member++) {
    const [batchRow, head] = [Math.floor(member / heads), member % heads];
    const mask = inputs.keyMask?.data.subarray(batchRow * length, (batchRow + 1) * length);
    const ofHead = (name: 'order' | 'buckets') => {
      const size = problem.rounds * length;
      return inputs[name]?.data.subarray(member * size, (member + 1) * size);
    };
    const tiles = plan.head({ order: ofHead('order') ?? [], buckets: ofHead('buckets'), mask });
    const values = headRows(v, batchRow, head);
    const rows = headRows(results, batchRow, head);
    const { lse } = await rounds.run(member, tiles, headRows(q, batchRow, head), values, rows);
    for (let i = 0; i < length; i++) {
      if (lse[i] === -Infinity && mask?.[i] !== 0) copyRow(values, rows, i);
    }
    lseTensor?.data.set(lse, member * length);
  }
  out.done();
};

/**
 * The state of each token after some rounds, as in an online softmax: its greatest logit, and the sum
 * of weights relative to it. The lse would not be precise enough: the logarithm of the sum is lost
 * beside a large logit.
 */
class RowStates {
  readonly maxima: Float64Array;
  readonly sums: Float64Array;

  constructor(length: number) {
    this.maxima = new Float64Array(length);
    this.sums = new Float64Array(length);
    this.reset();
  }

  reset(): void {
    this.maxima.fill(-Infinity);
    this.sums.fill(0);
  }

  /** The log-sum-exp of each token; −∞ where it saw no key. */
  get lse(): Float64Array {
    return this.sums.map((sum, i) => (sum === 0 ? -Infinity : this.maxima[i] + Math.log(sum)));
  }
}

/** Runs the rounds of one head after another. */
class Rounds {
  private readonly call: KernelCall<'lshAttention'>;
  private readonly problem: LshProblem;
  private readonly tilesOfRound: number;
  private readonly scratch: Scratch;
  private readonly keys: Float32Array;
  private readonly states: RowStates;
  private done = 0;

  constructor(call: KernelCall<'lshAttention'>, problem: LshProblem, tilesOfRound: number) {
    const { length, headDim, valueDim } = problem;
    this.call = call;
    this.problem = problem;
    this.tilesOfRound = tilesOfRound;
    this.scratch = rowBlockScratch(headDim, valueDim);
    this.keys = call.context.scratch('f32', length * headDim);
    this.states = new RowStates(length);
  }

  /** Computes a head into `out` and returns its states, which are overwritten by the next head's. */
  async run(
    member: number,
    planned: HeadRounds,
    q: HeadRows,
    values: HeadRows,
    out: HeadRows,
  ): Promise<RowStates> {
    const { heads, headDim, valueDim, rounds, scale, duplicates } = this.problem;
    this.states.reset();
    const keys: HeadRows = { data: this.keys, origin: 0, stride: headDim, dim: headDim };
    normalizeKeys(q, keys, this.problem);
    const place = { batchRow: Math.floor(member / heads), head: member % heads };
    const terms = duplicates === 'lucidrains' ? [lessTimesMet(planned)] : [];
    for (let round = 0; round < rounds; round++) {
      const block = planned.round(round);
      const { keyIndex, keyCount } = block;
      const tiles = new TileCache(headDim, valueDim, Math.ceil(keyCount / TILE));
      const source = { keys, values, keyIndex, keyCount };
      await this.runRound({ ...place, block, queries: q, source, tiles, terms, scale }, block, out);
    }
    return this.states;
  }

  private async runRound(work: HeadWork, block: BlockTiles, out: HeadRows): Promise<void> {
    const { context } = this.call;
    const { batch, heads, rounds } = this.problem;
    const total = batch * heads * rounds * this.tilesOfRound;
    for (let rowBlock = 0; rowBlock < block.rowStart.length - 1; rowBlock++) {
      const rows = beginRowBlock(work, rowBlock, this.scratch);
      for (const tile of tilesOf(block, rowBlock)) {
        addTile(work, tile, rows, this.scratch);
        context.onProgress?.({ done: ++this.done, total, unit: 'tiles' });
        const pausing = context.pause();
        if (pausing) await pausing;
      }
      mergeRowBlock(rows, this.scratch, out, this.states);
    }
  }
}

/** Divides every vector by its norm. */
function normalizeKeys(q: HeadRows, keys: HeadRows, { length, headDim, keyNorm }: LshProblem): void {
  for (let i = 0; i < length; i++) {
    const from = q.origin + i * q.stride;
    const to = keys.origin + i * keys.stride;
    let squares = 0;
    for (let d = 0; d < headDim; d++) squares += q.data[from + d] ** 2;
    const norm =
      keyNorm === 'rms' ? Math.sqrt(squares + headDim * 1e-6) : Math.max(Math.sqrt(squares), 1e-12);
    for (let d = 0; d < headDim; d++) keys.data[to + d] = q.data[from + d] / norm;
  }
}

/** Merges the state of a row block with the result of earlier rounds in `out` and `states`. */
function mergeRowBlock(rows: number, scratch: Scratch, out: HeadRows, { maxima, sums }: RowStates): void {
  const { queryRows, state } = scratch;
  for (let i = 0; i < rows; i++) {
    const sum = state.sum[i];
    if (sum === 0) continue; // nothing visible in this round
    const row = queryRows[i];
    const to = out.origin + row * out.stride;
    const max = Math.max(maxima[row], state.max[i]);
    const earlier = sums[row] * Math.exp(maxima[row] - max);
    const added = sum * Math.exp(state.max[i] - max);
    const total = earlier + added;
    for (let d = 0; d < out.dim; d++) {
      const value = (added / total) * (state.values[i * state.width + d] / sum);
      out.data[to + d] = (earlier / total) * out.data[to + d] + value;
    }
    maxima[row] = max;
    sums[row] = total;
  }
}

/** − log(count + 1e-9): `duplicates: 'lucidrains'`. */
function lessTimesMet(head: HeadRounds): LogitTerm {
  return (scores, { queryRows, keyRows, rows, columns }) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        scores[i * TILE + j] -= Math.log(head.timesMet(queryRows[i], keyRows[j]) + 1e-9);
      }
    }
  };
}

function copyRow(from: HeadRows, to: HeadRows, row: number): void {
  const source = from.origin + row * from.stride;
  const target = to.origin + row * to.stride;
  for (let d = 0; d < to.dim; d++) to.data[target + d] = from.data[source + d];
}
