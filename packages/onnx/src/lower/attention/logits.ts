/**
 * Computes the logits of a step's row blocks over some of their tiles: scale · q kᵀ, the soft cap, biases by
 * position, and the score's expression. The caller adds masks.
 */
import type { AttentionProblem, IndexVariable } from '@attn/core/backend';
import { MICROSOFT } from '../../model/domains.ts';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import { emitScore, type ScoreTables } from './score.ts';

/** Tables of the biases of a call, which the steps of its scans read. */
export interface BiasTables {
  /** ALiBi slopes [B·H]. */
  readonly slopes?: Name;
  /** Relative biases [H · (2R + 1)], and the radius R. */
  readonly relative?: { readonly table: Name; readonly radius: number };
  /** A dense bias by query and key. */
  readonly dense?: DenseBias;
  /** The score's expression, and its tables. */
  readonly score?: ScoreTables;
  /** Positions of the pool's keys, [tiles, 64] i32. */
  readonly keyPositions?: Name;
}

/** A dense bias that broadcasts to [B, H, Nq, Nk], as a table of rows. */
export interface DenseBias {
  /** The rows, [rows, width] f32. */
  readonly table: Name;
  /** Nk, or 1 where every key has the same bias. */
  readonly width: number;
  /** Distances in rows between batch rows, heads and queries; 0 along axes that are broadcast. */
  readonly strides: readonly [batch: number, head: number, query: number];
}

/** The queries and keys of a step, and how to compute their logits. */
export interface LogitsOperands {
  readonly problem: AttentionProblem;
  /** Whether to use standard operators only. */
  readonly portable: boolean;
  /** Queries [G, 64, D]. */
  readonly q: Name;
  /** Rows of the queries in [B·H·Nq], [G, 64] i32. Biases need them. */
  readonly rows: Name;
  /** Keys [G, T·64, D]. */
  readonly keys: Name;
  /** Tiles of those keys in the pool, [G, T] i32. Biases need them. */
  readonly tiles: Name;
  readonly biases: BiasTables;
}

/** Adds the nodes that compute logits [G, 64, T·64]. */
export function emitLogits(body: GraphScope, operands: LogitsOperands): Name {
  const { problem, portable, q, keys } = operands;
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
  for (const bias of emitBiases(body, operands)) logits = body.op('Add', [logits, bias]);
  const { score } = operands.biases;
  if (score === undefined) return logits;
  const variable = (name: IndexVariable): Name => emitVariable(body, operands, name);
  return emitScore(body, score, { portable, logits, variable });
}

/** A variable of scores: [G, 64, 1] i32, or [G, 1, T·64] for the positions of keys. */
function emitVariable(
  body: GraphScope,
  { problem, rows, tiles, biases: { keyPositions = '' } }: LogitsOperands,
  name: IndexVariable,
): Name {
  const { heads, queryLength, queryOffset } = problem;
  const { model } = body;
  const int = (value: number): Name => model.scalar(value, 'i32');
  const column = (value: Name): Name => body.op('Unsqueeze', [value, model.integers([2])]);
  const member = (): Name => body.op('Div', [rows, int(queryLength)]);
  switch (name) {
    case 'b':
      return column(body.op('Div', [member(), int(heads)]));
    case 'h':
      return column(body.op('Mod', [member(), int(heads)]));
    case 'q':
      return column(body.op('Add', [body.op('Mod', [rows, int(queryLength)]), int(queryOffset)]));
    case 'k':
      return emitPositions(body, keyPositions, tiles);
    default:
      return name satisfies never;
  }
}

/** The biases of a step, each of a shape that broadcasts to [G, 64, T·64]. */
function emitBiases(body: GraphScope, { problem, rows, tiles, biases: tables }: LogitsOperands): Name[] {
  const { slopes, relative, dense, keyPositions } = tables;
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
    const keys = emitPositions(body, keyPositions, tiles);
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
    const times = (name: Name, factor: number): Name => body.op('Mul', [name, int(factor)]);
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
      // The element (row, key) of each pair: [G, 64, T·64].
      const keys = emitPositions(body, keyPositions, tiles);
      biases.push(body.op('Gather', [flat, body.op('Add', [column(times(row, dense.width)), keys])]));
    }
  }
  return biases;
}

/** Positions of the keys of tiles [G, T], as a row for each row block: [G, 1, T·64]. */
function emitPositions(body: GraphScope, keyPositions: Name, tiles: Name): Name {
  const positions = body.op('Gather', [keyPositions, tiles]);
  return body.reshape(positions, [0, 1, -1], { zeroKeepsExtent: true });
}
