/**
 * Changes the scores of a tile between q·kᵀ and the softmax: first the soft cap, then the biases, then the
 * score's expression. Each term is a function of the tile and of its place. A call without terms has an
 * empty list and pays nothing.
 */
import { type Tensor } from '@attn/core';
import {
  type AttentionProblem,
  broadcastStrides,
  scoreFunction,
  tablesOf,
  TILE,
  type ScoreNode,
} from '@attn/core/backend';
import { readFloats } from '../floats.ts';

/** The place of a tile: its row i is query row `queryRows[i]`, its column j is key row `keyRows[j]`. */
export interface TilePlace {
  readonly batchRow: number;
  readonly head: number;
  readonly queryRows: Int32Array;
  readonly keyRows: Int32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Changes scores [64 × 64] in place. */
export type LogitTerm = (scores: Float64Array, place: TilePlace) => void;

/** The terms of a call, in the order in which they apply. */
export function logitTerms(problem: AttentionProblem, inputs: Readonly<Record<string, Tensor>>): LogitTerm[] {
  const terms: LogitTerm[] = [];
  if (problem.softcap !== undefined) terms.push(softcapTerm(problem.softcap));
  if (inputs.bias) terms.push(biasTerm(problem, inputs.bias));
  if (inputs.alibiSlopes) terms.push(alibiTerm(problem, inputs.alibiSlopes));
  if (inputs.relativeBias) terms.push(relativeTerm(problem, inputs.relativeBias));
  if (problem.score) terms.push(scoreTerm(problem.score.tree, problem, tablesOf(inputs)));
  return terms;
}

/** The term cap · tanh(score / cap). Gemma Team 2024, https://arxiv.org/abs/2408.00118, §2 */
function softcapTerm(cap: number): LogitTerm {
  return (scores, { rows, columns }) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        scores[i * TILE + j] = cap * Math.tanh(scores[i * TILE + j] / cap);
      }
    }
  };
}

/** The term of a dense bias, which is broadcast to [batch, heads, queries, keys]. */
function biasTerm({ batch, heads, queryLength, keyLength }: AttentionProblem, bias: Tensor): LogitTerm {
  const data = readFloats(bias);
  const [perBatch, perHead, perQuery, perKey] = broadcastStrides(bias.shape, [
    batch,
    heads,
    queryLength,
    keyLength,
  ]);
  return (scores, { batchRow, head, queryRows, keyRows, rows, columns }) => {
    for (let i = 0; i < rows; i++) {
      const start = batchRow * perBatch + head * perHead + queryRows[i] * perQuery;
      for (let j = 0; j < columns; j++) scores[i * TILE + j] += data[start + keyRows[j] * perKey];
    }
  };
}

/** The term −slope · |query position − key position|, with slopes [heads] or [batch, heads]. */
function alibiTerm({ batch, heads, queryOffset }: AttentionProblem, slopes: Tensor): LogitTerm {
  const data = readFloats(slopes);
  const [perBatch, perHead] = broadcastStrides(slopes.shape, [batch, heads]);
  return (scores, { batchRow, head, queryRows, keyRows, rows, columns }) => {
    const slope = data[batchRow * perBatch + head * perHead];
    for (let i = 0; i < rows; i++) {
      const position = queryRows[i] + queryOffset;
      for (let j = 0; j < columns; j++) scores[i * TILE + j] -= slope * Math.abs(position - keyRows[j]);
    }
  };
}

/**
 * The term table[head, clamp(key position − query position, −R, R) + R].
 * Shaw et al. 2018, https://arxiv.org/abs/1803.02155
 */
function relativeTerm({ queryOffset }: AttentionProblem, table: Tensor): LogitTerm {
  const data = readFloats(table);
  const extent = table.shape[1];
  const reach = (extent - 1) / 2;
  return (scores, { head, queryRows, keyRows, rows, columns }) => {
    for (let i = 0; i < rows; i++) {
      const position = queryRows[i] + queryOffset;
      for (let j = 0; j < columns; j++) {
        const distance = Math.max(-reach, Math.min(reach, keyRows[j] - position));
        scores[i * TILE + j] += data[head * extent + reach + distance];
      }
    }
  };
}

/** The score's expression. */
function scoreTerm(
  tree: ScoreNode,
  { queryOffset }: AttentionProblem,
  tables: Readonly<Record<string, Tensor>>,
): LogitTerm {
  const data = Object.entries(tables).map(([name, table]) => {
    return [
      name,
      { shape: table.shape, data: table.dtype === 'i32' ? table.data : readFloats(table) },
    ] as const;
  });
  const valueOf = scoreFunction(tree, Object.fromEntries(data));
  return (scores, { batchRow: b, head: h, queryRows, keyRows, rows, columns }) => {
    for (let i = 0; i < rows; i++) {
      const q = queryRows[i] + queryOffset;
      for (let j = 0; j < columns; j++) {
        const at = i * TILE + j;
        scores[at] = valueOf({ s: scores[at], b, h, q, k: keyRows[j] });
      }
    }
  };
}
