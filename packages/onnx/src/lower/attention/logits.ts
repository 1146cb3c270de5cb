/**
 * Computes the logits of a step's row blocks over some of their tiles: scale · q kᵀ, the soft cap, biases by
 * position, and the score's expression. The caller adds masks.
 */
import type { AttentionProblem, IndexVariable } from '@attn/core/backend';
import { MICROSOFT } from '../../model/domains.ts';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import { emitPieceNumbers, type OffsetBias } from './offset-bias.ts';
import { emitScore, type ScoreTables } from './score.ts';

/** Tables of the biases of a call, which the steps of its scans read. */
export interface BiasTables {
  /** ALiBi and relative biases. */
  readonly offset?: OffsetBias;
  /** A dense bias by query and key. */
  readonly dense?: DenseBias;
  /** The score's expression, and its tables. */
  readonly score?: ScoreTables;
  /** Whether weights below the normal numbers are likely, with which products take many times as long. */
  readonly flushes: boolean;
  /** Adds the positions of the pool's keys to the model, in pieces: [tiles, 64 / size] i32, in pieces. */
  readonly positions: (size: number) => Name;
}

/** A dense bias that broadcasts to [B, H, Nq, Nk], as a table of pieces of rows. */
export interface DenseBias {
  /** [rows · Nk / size, size] f32, or [rows, 1] where every key has the same bias. */
  readonly table: Name;
  /** Number of pieces of a row: 1 where every key has the same bias. */
  readonly pieces: number;
  /** Number of keys of a piece. */
  readonly size: number;
  /** Whether every key has the same bias. */
  readonly isSame: boolean;
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
  /**
   * Rows and tiles for what depends on positions: [1, 64] and [1, T] i32 where all row blocks have the same,
   * else those above.
   */
  readonly pairs: { readonly rows: Name; readonly tiles: Name };
  readonly biases: BiasTables | undefined;
  /** Biases by offset of whole row blocks; undefined where the step reads pieces. */
  readonly whole: WholeOperands | undefined;
}

/** How a step reads biases by offset of whole row blocks. */
export interface WholeOperands {
  /** The biases that weights are multiplied with, so that nobody adds them. */
  readonly factored: FactoredBiases;
  /** Adds the biases of a table for all tiles, [G or 1, 64, T·64]. */
  read(table: OffsetBias): Name;
}

/** Which biases become factors of weights. */
export interface FactoredBiases {
  /** ALiBi and relative biases. */
  readonly offset: boolean;
  /** What the score adds last. */
  readonly score: boolean;
}

/** The biases of a call that may become factors: what is added to logits last. */
export function factoredBiases({ offset, score }: Pick<BiasTables, 'offset' | 'score'>): FactoredBiases {
  const isAddedLast = score === undefined || score.sum.rest === 's';
  return { offset: offset !== undefined && isAddedLast, score: (score?.sum.addends.length ?? 0) > 0 };
}

/** Queries and keys to multiply. */
export interface ScoreOperands extends Pick<LogitsOperands, 'problem' | 'portable' | 'q' | 'keys'> {
  /** Number of axes of the operands: 2, or 3 where the first is a batch. */
  readonly rank: 2 | 3;
  /** Whether the keys are columns, [D, keys]. Default: false, rows. */
  readonly areColumns?: boolean;
}

/** Adds the nodes that compute scale · q kᵀ and the soft cap. */
export function emitScores(
  body: GraphScope,
  { problem, portable, q, keys, rank, areColumns = false }: ScoreOperands,
): Name {
  const { scale, softcap } = problem;
  const { model } = body;
  const factor = softcap === undefined ? scale : scale / softcap;
  const columns = (): Name =>
    areColumns ? keys : body.op('Transpose', [keys], { perm: rank === 2 ? [1, 0] : [0, 2, 1] });
  const transB = areColumns ? 0 : 1;
  const scores = portable
    ? body.op('MatMul', [body.op('Mul', [q, model.scalar(factor)]), columns()])
    : body.op('FusedMatMul', [q, keys], { alpha: { float: factor }, transB }, MICROSOFT);
  return softcap === undefined ? scores : body.op('Mul', [body.op('Tanh', [scores]), model.scalar(softcap)]);
}

/** Adds the nodes that compute logits [G, 64, T·64]. */
export function emitLogits(body: GraphScope, operands: LogitsOperands): Name {
  let logits = emitScores(body, { ...operands, rank: 3 });
  for (const bias of emitBiases(body, operands)) logits = body.op('Add', [logits, bias]);
  const { portable, biases, whole } = operands;
  if (biases?.score === undefined) return logits;
  const { score } = biases;
  const tree = whole?.factored.score === true ? score.sum.rest : score.tree;
  const keys = (): Name => emitFirstKeys(body, biases, operands.pairs.tiles, 1);
  const variable = (name: IndexVariable): Name => emitVariable(body, operands, name, keys);
  const part = (table: OffsetBias): Name => emitOffset(body, operands, biases, table);
  return emitScore(body, score, { portable, logits, tree, variable, part });
}

/** Pieces [G, 64 or 1, T·64 / size] of a table, side by side: [G, 64 or 1, T·64]. */
function emitPieces(body: GraphScope, table: Name, pieces: Name): Name {
  return body.reshape(body.op('Gather', [table, pieces]), [0, 0, -1], { zeroKeepsExtent: true });
}

/** The biases of a step by offset, of a shape that broadcasts to [G, 64, T·64]. */
function emitOffset(
  body: GraphScope,
  { problem, rows, tiles, whole }: LogitsOperands,
  tables: BiasTables,
  offset: OffsetBias,
): Name {
  if (whole !== undefined) return whole.read(offset);
  const { queryLength, queryOffset } = problem;
  const { table, size, members } = offset;
  const { model } = body;
  const int = (value: number): Name => model.scalar(value, 'i32');
  const column = (name: Name): Name => body.op('Unsqueeze', [name, model.integers([2])]);
  const first = emitFirstKeys(body, tables, tiles, size);
  const keys = size === 1 ? first : body.op('Mul', [first, int(size)]);
  const query = body.op('Add', [body.op('Mod', [rows, int(queryLength)]), int(queryOffset)]);
  const member = body.op('Mod', [body.op('Div', [rows, int(queryLength)]), int(members)]);
  const distances = body.op('Sub', [keys, column(query)]);
  return emitPieces(body, table, emitPieceNumbers(body, offset, distances, column(member)));
}

/** A variable of scores: [G or 1, 64, 1] i32, or [G or 1, 1, T·64] for the positions of keys. */
function emitVariable(
  body: GraphScope,
  { problem, rows, pairs }: LogitsOperands,
  name: IndexVariable,
  keys: () => Name,
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
      return column(body.op('Add', [body.op('Mod', [pairs.rows, int(queryLength)]), int(queryOffset)]));
    case 'k':
      return keys();
    default:
      return name satisfies never;
  }
}

/** The biases of a step, each of a shape that broadcasts to [G, 64, T·64]. */
function emitBiases(body: GraphScope, operands: LogitsOperands): Name[] {
  const { biases: tables, whole } = operands;
  if (tables === undefined) return [];
  const { offset, dense } = tables;
  return [
    ...(offset === undefined || whole?.factored.offset === true
      ? []
      : [emitOffset(body, operands, tables, offset)]),
    ...(dense === undefined ? [] : [emitDense(body, operands, tables, dense)]),
  ];
}

function emitDense(
  body: GraphScope,
  operands: LogitsOperands,
  tables: BiasTables,
  { table, pieces, size, isSame, strides }: DenseBias,
): Name {
  const { heads, queryLength } = operands.problem;
  const [batchStride, headStride, queryStride] = strides;
  const { rows, tiles } = headStride === 0 ? operands.pairs : operands;
  const { model } = body;
  const int = (value: number): Name => model.scalar(value, 'i32');
  const times = (name: Name, factor: number): Name => body.op('Mul', [name, int(factor)]);
  const column = (name: Name): Name => body.op('Unsqueeze', [name, model.integers([2])]);
  const query = body.op('Mod', [rows, int(queryLength)]);
  const member = body.op('Div', [rows, int(queryLength)]);
  const ofMember = body.op('Add', [
    times(body.op('Div', [member, int(heads)]), batchStride),
    times(body.op('Mod', [member, int(heads)]), headStride),
  ]);
  // Rows that are the same for all queries are read once: all rows of a block are of one head.
  const row =
    queryStride === 0
      ? body.slice(ofMember, [0, 1], 1)
      : body.op('Add', [ofMember, times(query, queryStride)]);
  if (isSame) return emitPieces(body, table, column(row));
  const first = emitFirstKeys(body, tables, tiles, size);
  return emitPieces(body, table, body.op('Add', [column(times(row, pieces)), first]));
}

/** Positions of the first keys of all pieces of tiles [G, T], counted in pieces: [G, 1, T·64 / size]. */
function emitFirstKeys(
  body: GraphScope,
  { positions }: Pick<BiasTables, 'positions'>,
  tiles: Name,
  size: number,
): Name {
  return body.reshape(body.op('Gather', [positions(size), tiles]), [0, 1, -1], { zeroKeepsExtent: true });
}
