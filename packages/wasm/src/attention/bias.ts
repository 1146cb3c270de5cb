/**
 * The biases of a call as the kernel reads them: a slope, a table and the strides of a dense bias for each
 * head, and the tables of its score.
 */
import type { Score, Tensor } from '@attn/core';
import { broadcastStrides, sizeOf, tablesOf, type AttentionProblem } from '@attn/core/backend';
import type { HEAD } from '../kernels/attention/layout.ts';
import type { LogitTerms } from '../kernels/attention/logits.ts';
import type { Fields } from '../kernels/records.ts';
import { copyFloats, type Frame } from '../ops/frame.ts';

type Inputs = Readonly<Record<string, Tensor>>;

/** The terms that a kernel for these inputs has to apply to logits. */
export function requiredTerms(inputs: Inputs, problem: AttentionProblem): LogitTerms {
  return {
    softcap: problem.softcap !== undefined,
    alibi: inputs.alibiSlopes !== undefined,
    relative: inputs.relativeBias !== undefined,
    bias: inputs.bias !== undefined,
    score: problem.score,
  };
}

/** Gives the fields of a head's record that describe its biases. */
export type BiasOfHead = (batchRow: number, head: number) => Fields<typeof HEAD>;

/** Copies the biases of a call into the heap. */
export function placeBiases(frame: Frame, problem: AttentionProblem, inputs: Inputs): BiasOfHead {
  const parts = [
    inputs.alibiSlopes && alibi(inputs.alibiSlopes, problem),
    inputs.relativeBias && relative(frame, inputs.relativeBias),
    inputs.bias && dense(frame, inputs.bias, problem),
    problem.score && scoreTables(frame, inputs, problem.score),
  ].filter((part) => part !== undefined);
  return (batchRow, head) => Object.assign({}, ...parts.map((part) => part(batchRow, head)));
}

/** ALiBi's slopes, [H] or [B, H]. */
function alibi(slopes: Tensor, { heads }: AttentionProblem): BiasOfHead {
  const values = new Float32Array(sizeOf(slopes.shape));
  copyFloats(slopes, 0, values);
  const perBatch = slopes.shape.length > 1 ? heads : 0;
  return (batchRow, head) => ({ slope: values[batchRow * perBatch + head] });
}

/** A relative bias, [H, 2R + 1]. */
function relative(frame: Frame, table: Tensor): BiasOfHead {
  const width = table.shape[1];
  const address = frame.input(table);
  return (_, head) => ({ relative: address + 4 * head * width, radius: (width - 1) / 2 });
}

/** A dense bias, broadcast to [B, H, Nq, Nk]. */
function dense(
  frame: Frame,
  bias: Tensor,
  { batch, heads, queryLength, keyLength }: AttentionProblem,
): BiasOfHead {
  const strides = broadcastStrides(bias.shape, [batch, heads, queryLength, keyLength]);
  const [perBatch, perHead, perQuery, perKey] = strides.map((stride) => 4 * stride);
  const address = frame.input(bias);
  return (batchRow, head) => ({
    bias: address + batchRow * perBatch + head * perHead,
    biasQueryStride: perQuery,
    biasKeyStride: perKey,
  });
}

/** The tables of the score's expression, which all heads share. */
function scoreTables(frame: Frame, inputs: Inputs, { tables }: Score): BiasOfHead {
  const tensors = tablesOf(inputs);
  const words = Object.entries(tables).flatMap(([name, { isInteger }]) => {
    const table = tensors[name];
    return [isInteger ? frame.raw(table) : frame.input(table), ...table.shape];
  });
  const address = frame.words(words);
  return (batchRow, head) => ({ batchRow, head, tables: address });
}
