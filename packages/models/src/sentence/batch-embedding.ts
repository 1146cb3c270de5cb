/** The vectors of a batch that a caller made, as the folder's modules say: `sentence_embedding`. */
import { f32, type Tensor, type Tensors } from '@attn/core';
import { firstDimensions, VectorGatherer, type WindowStates } from '../encode/gather-states.ts';
import { readEntries, type Mask } from '../inputs/entries.ts';
import type { SentenceSettings } from './settings.ts';
import { SpladePool } from './splade.ts';
import { applyModules, widthAfter } from './vector-modules.ts';

/**
 * The vectors [rows, dimensions] of a model's outputs; undefined where they are not those that the modules
 * take. `attentionMask` [rows, tokens] is the checked
 * one of the batch, 0 for padding; without it there is none.
 */
export function batchEmbedding(
  { pipeline, dimensions }: SentenceSettings,
  outputs: Tensors,
  attentionMask: Mask | undefined,
): Tensor<'f32'> | undefined {
  const tokens = pipeline.kind === 'vectors' ? outputs.last_hidden_state : outputs.logits;
  if (tokens === undefined || tokens.shape.length !== 3) return undefined;
  const [rows, length, width] = tokens.shape;
  const input = { where: 'models/run', name: 'attentionMask' };
  const mask = attentionMask && Array.from(readEntries(input, attentionMask).data, Number);
  const windows = Array.from({ length: rows }, (_, row) => windowOf(row, length, mask));
  if (pipeline.kind === 'sparse') {
    const data = new Float32Array(rows * width);
    for (const [row, { parts }] of windows.entries()) {
      const pool = new SpladePool(pipeline.splade, width);
      for (const { from, to } of parts)
        for (let token = row * length + from; token < row * length + to; token++)
          pool.add(tokens.data.subarray(token * width, (token + 1) * width), 1);
      data.set(pool.vector(), row * width);
    }
    return f32([rows, width], data);
  }
  const groups = windows.map(({ text, parts }) => {
    const last = parts[parts.length - 1];
    return { text, from: 0, to: last === undefined ? 0 : last.at + last.to - last.from, isText: true };
  });
  const gatherer = new VectorGatherer(pipeline.pooling, groups);
  for (const window of windows) if (window.parts.length > 0) gatherer.add(window, tokens, window.text);
  const pooled = gatherer.vectors();
  let vectors = pooled.shape[1];
  for (const module of pipeline.modules) {
    const next = widthAfter(module, vectors);
    if (next === undefined) return undefined;
    vectors = next;
  }
  return firstDimensions(applyModules(pipeline.modules, pooled), dimensions);
}

/** A row as a window: its tokens count from the first that is no padding. */
function windowOf(row: number, length: number, mask: readonly number[] | undefined): WindowStates {
  const parts: { from: number; to: number; at: number; share: number }[] = [];
  const counts = (token: number): boolean => mask === undefined || mask[row * length + token] !== 0;
  for (let from = 0; from < length;) {
    let to = from;
    while (to < length && counts(to)) to += 1;
    if (to > from) parts.push({ from, to, at: from - (parts[0]?.from ?? from), share: 1 });
    from = to + 1;
  }
  return { text: row, parts, share: 1 };
}
