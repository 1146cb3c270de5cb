/** The logits of a step: of all tokens, or of the best. */
import type { Tensors } from '@attn/core';

/** The logits behind rows: of all tokens, [rows, vocabSize], or of the best. */
export type StepLogits = Float32Array | BestLogits;

/** The greatest logits of each row, and what a search must know of the others. */
export interface BestLogits {
  /** [rows, count], the greatest first. */
  readonly logits: Float32Array;
  /** [rows, count]: the tokens that they belong to. Of equal logits, the lower id comes first. */
  readonly ids: Int32Array;
  /** [rows]: sums of exp(logit − greatest logit) over all tokens. Empty where a search needs none. */
  readonly sums: Float32Array;
}

const NO_SUMS = new Float32Array(0);

/** The outputs of a step (`stepOutputs`) as logits. */
export function readStep(outputs: Tensors): StepLogits {
  const logits = outputs.logits.data as Float32Array;
  if (outputs.ids === undefined) return logits;
  const sums = outputs.sums === undefined ? NO_SUMS : (outputs.sums.data as Float32Array);
  return { logits, ids: outputs.ids.data as Int32Array, sums };
}

/**
 * Whether logits say what all of them would: not where the greatest of a row is no number, or a sum is none,
 * as NaN and infinite logits make them.
 */
export function areEnough(step: StepLogits, rows: number): boolean {
  if (!('ids' in step)) return true;
  const count = step.ids.length / rows;
  for (let row = 0; row < rows; row++) if (Number.isNaN(step.logits[row * count])) return false;
  return step.sums.every(Number.isFinite);
}

/** Rows of a step of `count` rows, one behind the other: row i is its row `rows[i]`. */
export function pickRows(step: StepLogits, count: number, rows: readonly number[]): StepLogits {
  if (!('ids' in step)) return pick(step, new Float32Array((step.length / count) * rows.length), rows);
  const { logits, ids, sums } = step;
  const size = (ids.length / count) * rows.length;
  return {
    logits: pick(logits, new Float32Array(size), rows),
    ids: pick(ids, new Int32Array(size), rows),
    sums: sums.length === 0 ? sums : pick(sums, new Float32Array(rows.length), rows),
  };
}

/** Fills `to` with rows of a matrix of the same width. */
function pick<A extends Float32Array | Int32Array>(from: A, to: A, rows: readonly number[]): A {
  const width = to.length / rows.length;
  for (const [place, row] of rows.entries())
    to.set(from.subarray(row * width, (row + 1) * width), place * width);
  return to;
}
