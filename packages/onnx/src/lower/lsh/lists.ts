/** What depends on sizes alone, as constants of the model: the lists of blocks that steps walk over, and where results stand. */
import { f32, i32, type Tensor } from '@attn/core';
import { type LshProblem } from '@attn/core/backend';
import type { GraphScope, Name } from '../../model/model-builder.ts';
import type { ChunkClass, ChunkSchedule } from './schedule.ts';

/** The lists of a class as constants of the model, [steps, blocks, …]. */
export interface ClassLists {
  readonly blocks: number;
  /** [.., 1], [.., K], and [.., 1] where pairs count once. */
  readonly starts: Name;
  readonly near: Name;
  readonly rounds: Name | undefined;
  /** [1, rows]: 0, 1, … */
  readonly within: Name;
  /** [rows, K · chunkLength]: 0 where a query meets itself, else 1, if nothing else is hidden. */
  readonly diagonal: Name | undefined;
}

/** Writes the lists of a class. */
export function classLists(
  { model }: GraphScope,
  { duplicates }: LshProblem,
  plan: ChunkSchedule,
  each: ChunkClass,
): ClassLists {
  const { steps, blocks } = each;
  const list = (wish: string, data: Int32Array, width: number): Name =>
    model.tensor(wish, i32([steps, blocks, width], data));
  const within = Int32Array.from({ length: plan.rows }, (_, row) => row);
  return {
    blocks,
    starts: list('starts', each.starts, 1),
    near: list('near', each.near, plan.reach),
    rounds: duplicates === 'once' ? list('rounds', each.rounds, 1) : undefined,
    within: model.tensor('within', i32([1, plan.rows], within)),
    diagonal: each.isDiagonal ? model.tensor('diagonal', diagonal(plan)) : undefined,
  };
}

function diagonal({ rows, reach, own, chunkLength }: ChunkSchedule): Tensor<'f32'> {
  const width = reach * chunkLength;
  const data = new Float32Array(rows * width).fill(1);
  for (let row = 0; row < rows; row++) data[row * width + own * chunkLength + row] = 0;
  return f32([rows, width], data);
}

/** What is known of the places of a group, [heads, R, N]. */
export interface PlaceTables {
  /** Where the result of each stands. */
  readonly results: Name;
  /** Its chunk, counted from 0 in each round; where it matters which pairs meet. */
  readonly chunks: Name | undefined;
}

/** Writes them. */
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
    return main.op('Slice', [padded, model.integers([0]), model.integers([length]), model.integers([2])]);
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
