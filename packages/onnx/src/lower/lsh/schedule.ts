/**
 * LSH attention as the steps of ONNX `Scan`s. All rounds of a head, cut into chunks, are a list of chunks, each with its neighbours; a step attends
 * in as many of them as the cache holds the logits of. Where a head has fewer, several heads are one list. Chunks that are too large are cut
 * into blocks of queries. What the lists say depends on sizes alone: which token stands where is data.
 */
import type { LshProblem } from '@attn/core/backend';
import { largestDivisor } from './divisors.ts';

/** Blocks of queries whose keys are hidden in the same way. */
export interface ChunkClass {
  /** Whether nothing is hidden but the own key of each query, at its own place of its own chunk: a constant. Others are compared. */
  readonly isDiagonal: boolean;
  readonly steps: number;
  /** Blocks of each step; the last one is repeated to fill the last step. */
  readonly blocks: number;
  /** [steps · blocks]: the place of the first query of each block. */
  readonly starts: Int32Array;
  /** [steps · blocks · K]: the chunks of its keys. */
  readonly near: Int32Array;
  /** [steps · blocks]: its round. */
  readonly rounds: Int32Array;
}

/** How heads, chunks and queries are divided. */
interface Division {
  /** Heads of a group, and how many groups. */
  readonly heads: number;
  readonly groups: number;
  /** Tokens of a chunk: not more than there are. */
  readonly chunkLength: number;
  /** Chunks that a query attends to, K, and which of them is its own. */
  readonly reach: number;
  readonly own: number;
  /** Queries of a block, blocks of a chunk, and blocks of a step at most. */
  readonly rows: number;
  readonly chunkBlocks: number;
  readonly stepBlocks: number;
  /** Chunks of all rounds of a head. */
  readonly cycle: number;
  /** Whether any chunk has places without a token. */
  readonly hasPadding: boolean;
}

/** All of a call. Places count through the chunks of all rounds of the heads of a group. */
export interface ChunkSchedule extends Division {
  readonly classes: readonly ChunkClass[];
  /** Whether any list has a chunk without any token, which stands behind the last. */
  readonly hasMissing: boolean;
  /** Where the result of a place stands among those of all classes: that of its chunk, and within it. */
  readonly results: { readonly chunk: Int32Array; readonly within: Int32Array };
}

/** Schedules a call. `logits` bounds those of a step, unless one query alone has more. */
export function scheduleChunks(problem: LshProblem, hidesKeys: boolean, logits: number): ChunkSchedule {
  const division = divide(problem, logits);
  const { heads, cycle, chunkLength, rows, chunkBlocks } = division;
  const near = Array.from({ length: heads * cycle }, (_, chunk) => neighbours(problem, division, chunk));
  const { causal, withinBuckets, duplicates } = problem;
  const seesAll = !causal && !hidesKeys && !withinBuckets && duplicates === 'each' && chunkBlocks === 1;

  const resultOf = new Int32Array(heads * cycle);
  const classes: ChunkClass[] = [];
  let end = 0;
  for (const isDiagonal of [true, false]) {
    const members = near.flatMap((list, chunk) =>
      (seesAll && isInside(problem, division, list, chunk)) === isDiagonal ? [chunk] : [],
    );
    if (members.length === 0) continue;
    members.forEach((chunk, index) => {
      resultOf[chunk] = end + index * chunkBlocks * rows;
    });
    const made = makeClass(problem, division, near, members);
    classes.push({ isDiagonal, ...made });
    end += made.starts.length * rows;
  }
  const within = Int32Array.from({ length: chunkLength }, (_, place) => {
    const block = Math.floor(place / rows);
    return block * rows + place - startOf(division, block);
  });
  const hasMissing = near.some((list) => list.includes(heads * cycle));
  return { ...division, classes, hasMissing, results: { chunk: resultOf, within } };
}

function divide(problem: LshProblem, logits: number): Division {
  const { batch, heads: allHeads, length, rounds, chunks, wrap } = problem;
  const chunkLength = Math.min(problem.chunkLength, length);
  // Without a cycle there are no neighbours beyond the ends.
  const most = wrap ? Infinity : chunks - 1;
  const [before, after] = [Math.min(problem.chunksBefore, most), Math.min(problem.chunksAfter, most)];
  const keys = (before + 1 + after) * chunkLength;
  const parts = Math.min(Math.ceil((chunkLength * keys) / logits), chunkLength);
  const rows = Math.ceil(chunkLength / parts);
  const chunkBlocks = Math.ceil(chunkLength / rows);
  const stepBlocks = Math.max(1, Math.floor(logits / (rows * keys)));
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

/** The first query of a block of a chunk. The last block overlaps the one before it where they do not divide the chunk. */
function startOf({ rows, chunkLength }: Division, block: number): number {
  return Math.min(block * rows, chunkLength - rows);
}

/** The chunks that a chunk looks at, itself among them; the one behind the last where there is none. */
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
    // Without a cycle rounds have ends; and no token of another round is of the same bucket.
    const isThere = wrap ? isOfRound || !withinBuckets : isOfRound && at === other;
    return isThere ? chunk - inHead + other : heads * cycle;
  });
}

/** Whether the neighbours of a chunk are those on either side of it in its round, whole ones. */
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

function makeClass(
  { chunks }: LshProblem,
  division: Division,
  near: readonly (readonly number[])[],
  members: readonly number[],
): Omit<ChunkClass, 'isDiagonal'> {
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
