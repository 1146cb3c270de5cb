/**
 * Position embeddings of Reformer: one table, or one for each axis. Axial positions lay the sequence out
 * as a grid, row by row. A token gets the vector of its row and the vector of its column, side by side, so
 * that s₀ + s₁ vectors tell s₀ · s₁ positions apart. Kitaev et al. 2020, https://arxiv.org/abs/2001.04451
 */
import { i32, type Value } from '@attn/core';
import type { ConfigReader } from '../checkpoint/config-reader.ts';
import { Slot, type Weight } from '../checkpoint/layout.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';

/** The position embeddings that a config asks for. */
export type ReformerPositions =
  | { readonly kind: 'table'; readonly rows: number }
  | {
      readonly kind: 'axial';
      /** Extents of the grid; their product is the number of positions. */
      readonly shape: readonly number[];
      /** Columns of each axis; their sum is H. */
      readonly widths: readonly number[];
    };

/** No model has more positions. */
const MOST = 2 ** 31 - 1;

/** Most axes of a grid. Each axis is a tensor. */
const MOST_AXES = 8;

/** Reads the fields of a config.json about positions. Errors: `MALFORMED_FILE`. */
export function readPositions(reader: ConfigReader, hiddenSize: number): ReformerPositions {
  if (!reader.flag('axial_pos_embds', true)) {
    return {
      kind: 'table',
      rows: reader.integer('max_position_embeddings', { least: 1, byDefault: 4_096 }),
    };
  }
  const shape = reader.integers('axial_pos_shape', { least: 1, byDefault: [64, 64] });
  const isGrid = shape.length >= 1 && shape.length <= MOST_AXES && product(shape) <= MOST;
  if (!isGrid)
    throw reader.wrong('axial_pos_shape', `1 to ${MOST_AXES} extents of at most ${MOST} positions`, shape);
  const widths = reader.integers('axial_pos_embds_dim', { least: 1, byDefault: [64, 192] });
  if (widths.length !== shape.length)
    throw reader.wrong('axial_pos_embds_dim', `a list of ${shape.length}, as axial_pos_shape is`, widths);
  if (widths.reduce((sum, width) => sum + width, 0) !== hiddenSize)
    throw reader.wrong('axial_pos_embds_dim', `of the sum hidden_size = ${hiddenSize}`, widths);
  return { kind: 'axial', shape, widths };
}

/** Number of positions. */
export function positionCount(positions: ReformerPositions): number {
  return positions.kind === 'table' ? positions.rows : product(positions.shape);
}

/**
 * Slots of the tables in a checkpoint: one [rows, H], or one for each axis, [1, …, extent, …, 1, width].
 */
export function positionSlots(
  positions: ReformerPositions,
  name: string,
  hiddenSize: number,
): readonly Slot[] {
  if (positions.kind === 'table') return [new Slot(`${name}.embedding.weight`, [positions.rows, hiddenSize])];
  const { shape, widths } = positions;
  return shape.map((extent, axis) => {
    const grid = shape.map((_, other) => (other === axis ? extent : 1));
    return new Slot(`${name}.weights.${axis}`, [...grid, widths[axis]]);
  });
}

/** The vectors of positions 0 … length − 1: [length, H]. */
export function positionVectors(
  builder: ModelBuilder,
  positions: ReformerPositions,
  tables: readonly Weight[],
  length: number,
): Value {
  if (positions.kind === 'table') {
    const table = builder.weight(tables[0]);
    return builder.slice(table, [0, 0], [length, table.shape[1]]);
  }
  const { shape, widths } = positions;
  const columns = tables.map((table, axis) => {
    const rows = builder.reshape(builder.weight(table), [shape[axis], widths[axis]]);
    const inner = product(shape.slice(axis + 1));
    const places = Int32Array.from({ length }, (_, t) => Math.floor(t / inner) % shape[axis]);
    return builder.embedding(builder.constant(i32([length], places)), rows);
  });
  return columns.length === 1 ? columns[0] : builder.concat(columns, 1);
}

function product(extents: readonly number[]): number {
  return extents.reduce((total, extent) => total * extent, 1);
}
