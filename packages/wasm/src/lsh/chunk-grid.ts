/**
 * How the chunks of a call lie on tiles, in the numbers that its kernel reads: see `kernels/lsh/layout.ts`.
 */
import { TILE, type LshProblem } from '@attn/core/backend';
import { LSH_CALL, LSH_CALL_BYTES, MAX_SLOTS, slotBytes } from '../kernels/lsh/layout.ts';
import { Records } from '../kernels/records.ts';
import type { Frame } from '../ops/frame.ts';

/** An end behind all chunks and places. */
const NO_END = 2 ** 31 - 1;

/** The record of a call, and its sizes. */
export interface ChunkGrid {
  /** Address of the `LSH_CALL`. */
  readonly address: number;
  /** Number of key tiles that a thread keeps. */
  readonly slots: number;
  /** Bytes of all key tiles that a thread keeps. */
  readonly slotsBytes: number;
  /** About how many key tiles a row block has. */
  readonly tilesPerBlock: number;
}

/** Writes the record of a call, whose length is > 0. */
export function placeChunkGrid(frame: Frame, problem: LshProblem): ChunkGrid {
  const { length, rounds, chunks, wrap, duplicates, headDim, valueDim } = problem;
  const chunkLength = Math.min(problem.chunkLength, length);
  const [before, after] = [problem.chunksBefore, problem.chunksAfter].map((count) =>
    wrap ? count : Math.min(count, chunks),
  );
  const lead = wrap ? Math.ceil(before / chunks) : 0;
  const shift = TILE - 1 - ((lead * length + TILE - 1) % TILE);
  const visibleKeys = Math.min((1 + before + after) * chunkLength, wrap ? Infinity : length);
  const tilesPerBlock = Math.ceil(visibleKeys / TILE);
  // Row blocks advance by a tile, and the keys that they see may begin and end within tiles.
  const slots = 2 ** Math.ceil(Math.log2(Math.min(tilesPerBlock + 2, MAX_SLOTS)));
  const bytes = slotBytes(headDim, valueDim, duplicates === 'each' ? 0 : rounds);
  const record = new Records(LSH_CALL, LSH_CALL_BYTES, 1);
  record.set(0, {
    length,
    rounds,
    chunkLength,
    chunks,
    chunksBefore: before,
    span: before + after,
    leadChunks: lead * chunks,
    endChunk: wrap ? NO_END : chunks,
    endPlace: wrap ? NO_END : length,
    shift,
    firstTile: (lead * length + shift) / TILE,
    wholeTiles: Math.floor(length / TILE),
    roundBase: (rounds - (lead % rounds)) % rounds,
    slotMask: slots - 1,
    slotBytes: bytes,
    ...(duplicates === 'lucidrains' && meetTerms(frame, problem)),
  });
  return { address: frame.words(record.words), slots, slotsBytes: slots * bytes, tilesPerBlock };
}

/**
 * The terms that lucidrains' implementation adds to logits. A pair whose key is `ahead` chunks ahead counts
 * once for each turn of the cycle that brings it into the chunks that the query looks at: for each k with
 * −before ≤ ahead + k · cycle ≤ after, where |ahead| < chunks.
 */
function meetTerms(
  frame: Frame,
  { rounds, chunks, chunksBefore, chunksAfter }: LshProblem,
): Pick<Record<keyof typeof LSH_CALL, number>, 'meetFirst' | 'meetStep' | 'meetCount' | 'meetTerms'> {
  const cycle = rounds * chunks;
  const first = -Math.floor((chunksBefore + chunks - 1) / cycle);
  const count = Math.floor((chunksAfter + chunks - 1) / cycle) - first + 1;
  const terms = Float32Array.from({ length: rounds * count + 1 }, (_, times) => -Math.log(times + 1e-9));
  return {
    meetFirst: chunksBefore + first * cycle,
    meetStep: cycle,
    meetCount: count,
    meetTerms: frame.words(new Int32Array(terms.buffer)),
  };
}
