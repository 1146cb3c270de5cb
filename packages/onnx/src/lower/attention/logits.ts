/**
 * The logits of a step's row blocks over some of their tiles: scale · q kᵀ, the soft cap, and biases by position. Masks are added
 * by the caller.
 */
import type { AttentionProblem } from '@attn/core/backend';
import { MICROSOFT } from '../../model/domains.ts';
import type { GraphScope, Name } from '../../model/model-builder.ts';

/** What biases need, as tables around the scans. */
export interface BiasTables {
  /** [B·H] slopes of ALiBi. */
  readonly slopes?: Name;
  /** [H · (2R + 1)], with its R. */
  readonly relative?: { readonly table: Name; readonly radius: number };
  /** A dense bias. */
  readonly dense?: DenseBias;
  /** [tiles of the pool, 64] i32: positions of keys. */
  readonly keyPositions?: Name;
}

/** A dense bias broadcast to [B, H, Nq, Nk], as rows. */
export interface DenseBias {
  /** [rows, width] f32. */
  readonly table: Name;
  /** Nk, or 1 where every key has the same bias. */
  readonly width: number;
  /** Rows from batch row to batch row, head to head and query to query; 0 where it is stretched. */
  readonly strides: readonly [batch: number, head: number, query: number];
}

/** Where a step stands. */
export interface StepRows {
  /** [G, 64, D]. */
  readonly q: Name;
  /** [G, 64] i32: rows in [B·H·Nq]; only needed with biases. */
  readonly rows: Name;
}

/** Writes the logits [G, 64, T·64] of the tiles `tiles` [G, T] i32, whose keys are `keys` [G, T·64, D]. */
export function emitLogits(
  body: GraphScope,
  problem: AttentionProblem,
  portable: boolean,
  { q, rows }: StepRows,
  keys: Name,
  tiles: Name,
  biases: BiasTables,
): Name {
  const { scale, softcap } = problem;
  const { model } = body;
  const factor = softcap === undefined ? scale : scale / softcap;
  let logits = portable
    ? body.op('MatMul', [
        body.op('Mul', [q, model.scalar(factor)]),
        body.op('Transpose', [keys], { perm: [0, 2, 1] }),
      ])
    : body.op('FusedMatMul', [q, keys], { alpha: { float: factor }, transB: 1 }, MICROSOFT);
  if (softcap !== undefined) logits = body.op('Mul', [body.op('Tanh', [logits]), model.scalar(softcap)]);
  for (const bias of emitBiases(body, problem, rows, tiles, biases)) logits = body.op('Add', [logits, bias]);
  return logits;
}

/** Each bias, of a shape that stretches to [G, 64, T·64]. */
function emitBiases(
  body: GraphScope,
  problem: AttentionProblem,
  rows: Name,
  tiles: Name,
  { slopes, relative, dense, keyPositions }: BiasTables,
): Name[] {
  const { heads, queryLength, queryOffset } = problem;
  const { model } = body;
  const int = (value: number): Name => model.scalar(value, 'i32');
  const biases: Name[] = [];
  if (slopes === undefined && relative === undefined && dense === undefined) return biases;
  const query = body.op('Mod', [rows, int(queryLength)]);
  const member = body.op('Div', [rows, int(queryLength)]);
  const column = (name: Name): Name => body.op('Unsqueeze', [name, model.integers([2])]);

  if (keyPositions !== undefined && (slopes !== undefined || relative !== undefined)) {
    // [G, T, 64] → [G, 1, T·64], minus [G, 64, 1].
    const keys = body.reshape(body.op('Gather', [keyPositions, tiles]), [0, 1, -1], { keeps: true });
    const offset = body.op('Sub', [keys, column(body.op('Add', [query, int(queryOffset)]))]);
    if (slopes !== undefined) {
      const distance = body.cast(body.op('Abs', [offset]), 'f32');
      const slope = column(body.op('Gather', [slopes, member]));
      biases.push(body.op('Neg', [body.op('Mul', [distance, slope])]));
    }
    if (relative !== undefined) {
      const { table, radius } = relative;
      const clipped = body.op('Min', [body.op('Max', [offset, int(-radius)]), int(radius)]);
      const head = body.op('Mod', [member, int(heads)]);
      const start = column(body.op('Add', [body.op('Mul', [head, int(2 * radius + 1)]), int(radius)]));
      biases.push(body.op('Gather', [table, body.op('Add', [clipped, start])]));
    }
  }
  if (dense !== undefined) {
    const [batchStride, headStride, queryStride] = dense.strides;
    const times = (name: Name, by: number): Name => body.op('Mul', [name, int(by)]);
    const row = body.op('Add', [
      body.op('Add', [
        times(body.op('Div', [member, int(heads)]), batchStride),
        times(body.op('Mod', [member, int(heads)]), headStride),
      ]),
      times(query, queryStride),
    ]);
    const flat = body.reshape(dense.table, [-1]);
    if (dense.width === 1 || keyPositions === undefined) {
      biases.push(body.op('Gather', [flat, column(row)]));
    } else {
      // Element (row, key), one by one: [G, 64, T·64].
      const keys = body.reshape(body.op('Gather', [keyPositions, tiles]), [0, 1, -1], { keeps: true });
      biases.push(body.op('Gather', [flat, body.op('Add', [column(times(row, dense.width)), keys])]));
    }
  }
  return biases;
}
