/**
 * Constants of the model that depend on sizes alone: the blocks that steps walk over, and the indices of
 * results.
 */
import { f32, i32, type Tensor } from '@attn/core';
import { type LshProblem } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { ChunkBin, ChunkSchedule } from './schedule.ts';

/** The lists of a bin as constants of the model. */
export interface BinLists {
  /** Blocks of a step. */
  readonly blocks: number;
  /** [steps, blocks, 1]: the place of each block's first query. */
  readonly starts: Name;
  /** [steps, blocks, K]: the chunks of each block's keys. */
  readonly near: Name;
  /** [steps, blocks, 1]: each block's round. Undefined unless pairs count once. */
  readonly rounds: Name | undefined;
  /** [1, rows]: 0, 1, … */
  readonly within: Name;
  /**
   * [rows, K · chunkLength]: 0 where a query meets itself, else 1. Undefined where other pairs are hidden,
   * too.
   */
  readonly diagonal: Name | undefined;
}

/** Adds the lists of a bin to the model. */
export function binLists(
  { model }: GraphScope,
  { duplicates }: LshProblem,
  plan: ChunkSchedule,
  bin: ChunkBin,
): BinLists {
  const { steps, blocks } = bin;
  const list = (wish: string, data: Int32Array, width: number): Name =>
    model.tensor(wish, i32([steps, blocks, width], data));
  const within = Int32Array.from({ length: plan.rows }, (_, row) => row);
  return {
    blocks,
    starts: list('starts', bin.starts, 1),
    near: list('near', bin.near, plan.reach),
    rounds: duplicates === 'once' ? list('rounds', bin.rounds, 1) : undefined,
    within: model.tensor('within', i32([1, plan.rows], within)),
    diagonal: bin.isDiagonal ? model.tensor('diagonal', diagonal(plan)) : undefined,
  };
}

function diagonal({ rows, reach, own, chunkLength }: ChunkSchedule): Tensor<'f32'> {
  const width = reach * chunkLength;
  const data = new Float32Array(rows * width).fill(1);
  for (let row = 0; row < rows; row++) data[row * width + own * chunkLength + row] = 0;
  return f32([rows, width], data);
}

/** Tables of the places of a group that depend on sizes alone. */
export interface PlaceTables {
  /** [heads, R, N]: the index of each place's result. */
  readonly results: Name;
  /**
   * [heads, R, N]: each place's chunk, counted from 0 in each round. Undefined unless it matters which pairs
   * meet.
   */
  readonly chunks: Name | undefined;
}

/** Adds the tables of the places of a group to the model. */
export function placeTables(
  main: GraphScope,
  { length, rounds, chunks, duplicates }: LshProblem,
  { heads, chunkLength, results, hasPadding }: ChunkSchedule,
): PlaceTables {
  const { model } = main;
  const list = heads * rounds * chunks;
  const byChunk = (data: Int32Array): Name => model.tensor('chunks', i32([list, 1], data));
  const byPlace = (name: Name): Name => {
    const padded = main.reshape(name, [heads, rounds, chunks * chunkLength]);
    if (!hasPadding) return padded;
    return main.slice(padded, [0, length], 2);
  };
  const within = model.tensor('within', i32([1, chunkLength], results.within));
  const numbers = Int32Array.from({ length: list }, (_, chunk) => chunk % chunks);
  return {
    results: byPlace(main.op('Add', [byChunk(results.chunk), within])),
    chunks:
      duplicates === 'each'
        ? undefined
        : byPlace(main.op('Expand', [byChunk(numbers), model.integers([list, chunkLength])])),
  };
}
