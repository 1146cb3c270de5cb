/**
 * Schedules LSH attention as the steps of ONNX `Scan`s. All rounds of a head form one list of chunks, each
 * with its neighbours. A step takes as many chunks as have their logits fit into the cache; heads with fewer
 * chunks share a step, and larger chunks are cut into blocks of queries. The lists depend on sizes alone.
 * Which token is at which place is data.
 */
import type { LshProblem } from '@attn/core/backend';
import { largestDivisor } from './divisors.ts';

/** Blocks of queries whose hidden keys are found in the same way: the blocks of one scan. */
export interface ChunkBin {
  /**
   * Whether each query hides nothing but its own key, which is at the query's own place: that mask is a
   * constant. In the other bin the steps compare positions.
   */
  readonly isDiagonal: boolean;
  readonly steps: number;
  /** Blocks of each step. The last block is repeated to fill the last step. */
  readonly blocks: number;
  /** [steps · blocks]: the place of the first query of each block. */
  readonly starts: Int32Array;
  /** [steps · blocks · K]: the chunks of each block's keys. */
  readonly near: Int32Array;
  /** [steps · blocks]: the round of each block. */
  readonly rounds: Int32Array;
}

/** How heads, chunks and queries are divided. */
interface Division {
  /** Heads of a group. */
  readonly heads: number;
  /** Number of groups. */
  readonly groups: number;
  /** Tokens of a chunk, at most all of a head's. */
  readonly chunkLength: number;
  /** Chunks that a query attends to: K. */
  readonly reach: number;
  /** The index of the query's own chunk among those K. */
  readonly own: number;
  /** Queries of a block. */
  readonly rows: number;
  /** Blocks of a chunk. */
  readonly chunkBlocks: number;
  /** Most blocks of a step. */
  readonly stepBlocks: number;
  /** Chunks of all rounds of a head. */
  readonly cycle: number;
  /** Whether any chunk has places without a token. */
  readonly hasPadding: boolean;
}

/** The schedule of one call. Places are numbered through the chunks of all rounds of all heads of a group. */
export interface ChunkSchedule extends Division {
  readonly bins: readonly ChunkBin[];
  /** Whether any list refers to a missing neighbour: a chunk without tokens, which follows the last chunk. */
  readonly hasMissing: boolean;
  /**
   * The index of a place's result among those of all bins: `chunk` of its chunk plus `within` of its place
   * there.
   */
  readonly results: { readonly chunk: Int32Array; readonly within: Int32Array };
}

/** How to schedule chunks. */
export interface ChunkScheduleOptions {
  /** Most logits of a step, unless a single query has more. */
  readonly stepLogits: number;
  /** Whether a mask hides keys. */
  readonly hidesKeys: boolean;
}

/** Schedules a call. */
export function scheduleChunks(
  problem: LshProblem,
  { stepLogits, hidesKeys }: ChunkScheduleOptions,
): ChunkSchedule {
  const division = divide(problem, stepLogits);
  const { heads, cycle, chunkLength, rows, chunkBlocks } = division;
  const near = Array.from({ length: heads * cycle }, (_, chunk) => neighbours(problem, division, chunk));
  const { causal, withinBuckets, duplicates } = problem;
  const hidesOwnKeyOnly =
    !causal && !hidesKeys && !withinBuckets && duplicates === 'each' && chunkBlocks === 1;

  const resultOf = new Int32Array(heads * cycle);
  const bins: ChunkBin[] = [];
  let end = 0;
  for (const isDiagonal of [true, false]) {
    const members = near.flatMap((list, chunk) =>
      (hidesOwnKeyOnly && isInside(problem, division, list, chunk)) === isDiagonal ? [chunk] : [],
    );
    if (members.length === 0) continue;
    members.forEach((chunk, index) => {
      resultOf[chunk] = end + index * chunkBlocks * rows;
    });
    const lists = listBlocks(problem, division, near, members);
    bins.push({ isDiagonal, ...lists });
    end += lists.starts.length * rows;
  }
  const within = Int32Array.from({ length: chunkLength }, (_, place) => {
    const block = Math.floor(place / rows);
    return block * rows + place - startOf(division, block);
  });
  const hasMissing = near.some((list) => list.includes(heads * cycle));
  return { ...division, bins, hasMissing, results: { chunk: resultOf, within } };
}

function divide(problem: LshProblem, stepLogits: number): Division {
  const { batch, heads: allHeads, length, rounds, chunks, wrap } = problem;
  const chunkLength = Math.min(problem.chunkLength, length);
  // Only a cycle has neighbours beyond its ends.
  const most = wrap ? Infinity : chunks - 1;
  const [before, after] = [Math.min(problem.chunksBefore, most), Math.min(problem.chunksAfter, most)];
  const keys = (before + 1 + after) * chunkLength;
  const parts = Math.min(Math.ceil((chunkLength * keys) / stepLogits), chunkLength);
  const rows = Math.ceil(chunkLength / parts);
  const chunkBlocks = Math.ceil(chunkLength / rows);
  const stepBlocks = Math.max(1, Math.floor(stepLogits / (rows * keys)));
  const cycle = rounds * chunks;
  const heads = largestDivisor(batch * allHeads, Math.floor(stepBlocks / (cycle * chunkBlocks)));
  return {
    heads,
    groups: (batch * allHeads) / heads,
    chunkLength,
    reach: before + 1 + after,
    own: before,
    rows,
    chunkBlocks,
    stepBlocks,
    cycle,
    hasPadding: length % chunkLength !== 0,
  };
}

/** The first query of a block in its chunk. Where blocks do not divide the chunk, the last two overlap. */
function startOf({ rows, chunkLength }: Division, block: number): number {
  return Math.min(block * rows, chunkLength - rows);
}

/** The chunks that a chunk attends to, itself included. A missing neighbour is the chunk after the last. */
function neighbours(
  { chunks, wrap, withinBuckets }: LshProblem,
  division: Division,
  chunk: number,
): number[] {
  const { heads, cycle, reach, own } = division;
  const inHead = chunk % cycle;
  return Array.from({ length: reach }, (_, slot) => {
    const at = inHead + slot - own;
    const other = ((at % cycle) + cycle) % cycle;
    const isOfRound = Math.floor(other / chunks) === Math.floor(inHead / chunks);
    // Without a cycle, rounds have ends. Within buckets, other rounds have no token of the same bucket.
    const isThere = wrap ? isOfRound || !withinBuckets : isOfRound && at === other;
    return isThere ? chunk - inHead + other : heads * cycle;
  });
}

/** Whether the neighbours of a chunk are the chunks on either side of it in its round, all of them full. */
function isInside(
  { chunks }: LshProblem,
  { own, hasPadding }: Division,
  near: readonly number[],
  chunk: number,
): boolean {
  return near.every(
    (other, slot) =>
      other === chunk + slot - own &&
      Math.floor(other / chunks) === Math.floor(chunk / chunks) &&
      !(hasPadding && other % chunks === chunks - 1),
  );
}

/** The blocks of some chunks, in steps. */
function listBlocks(
  { chunks }: LshProblem,
  division: Division,
  near: readonly (readonly number[])[],
  members: readonly number[],
): Omit<ChunkBin, 'isDiagonal'> {
  const { reach, chunkLength, chunkBlocks, stepBlocks, cycle } = division;
  const total = members.length * chunkBlocks;
  const steps = Math.ceil(total / stepBlocks);
  const blocks = Math.ceil(total / steps);
  const starts = new Int32Array(steps * blocks);
  const nearOf = new Int32Array(steps * blocks * reach);
  const rounds = new Int32Array(steps * blocks);
  for (let i = 0; i < steps * blocks; i++) {
    const block = Math.min(i, total - 1);
    const chunk = members[Math.floor(block / chunkBlocks)];
    starts[i] = chunk * chunkLength + startOf(division, block % chunkBlocks);
    nearOf.set(near[chunk], i * reach);
    rounds[i] = Math.floor((chunk % cycle) / chunks);
  }
  return { steps, blocks, starts, near: nearOf, rounds };
}
