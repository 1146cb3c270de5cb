/** Texts as the batch of a model. */
import { bool, i32 } from '@attn/core';
import { rowLength } from '../encode/batches.ts';
import type { Model, TokenBatch } from '../model.ts';

/** A text that an encoder reads. */
export interface SourceText {
  readonly ids: readonly number[];
  /** Positions of its global tokens. */
  readonly globalTokens: readonly number[];
}

/** The part of a model that says how rows are padded. */
type Padding = Pick<Model, 'maxLength' | 'graphLength' | 'padTokenId'>;

/** Rows as a batch. It always has a mask, so that full rows and padded rows share their graph. */
export function paddedRows(model: Padding, rows: readonly (readonly number[])[]): TokenBatch {
  const length = longestRow(model, rows);
  const inputIds = new Int32Array(rows.length * length).fill(model.padTokenId);
  const mask = new Uint8Array(rows.length * length);
  for (const [row, ids] of rows.entries()) {
    inputIds.set(ids, row * length);
    mask.fill(1, row * length, row * length + ids.length);
  }
  const shape = [rows.length, length];
  return { inputIds: i32(shape, inputIds), attentionMask: bool(shape, mask) };
}

/** Texts as a batch for an encoder, with their global tokens where the model has some. */
export function sourceBatch(model: Model, texts: readonly SourceText[]): TokenBatch {
  const rows = texts.map(({ ids }) => ids);
  const batch = paddedRows(model, rows);
  if (!model.takesGlobalTokens) return batch;
  const length = longestRow(model, rows);
  const globals = new Int32Array(rows.length * length);
  for (const [row, { globalTokens }] of texts.entries())
    for (const position of globalTokens) globals[row * length + position] = 1;
  return { ...batch, globalAttentionMask: i32([rows.length, length], globals) };
}

function longestRow(model: Padding, rows: readonly (readonly number[])[]): number {
  return rows.reduce((most, ids) => Math.max(most, rowLength(model, ids.length)), 0);
}
