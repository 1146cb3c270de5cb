/** A model of BERT's kin: how its batches become inputs of its graphs. */
import type { Tensor, Tensors } from '@attn/core';
import { EncoderModel } from '../encoder/encoder-model.ts';
import { ropeInputs } from '../encoder/rope.ts';
import { countPositions } from '../inputs/lengths.ts';
import type { BertConfig, BertPositions } from './config.ts';
import { bertGraph, ROPE } from './graph.ts';
import { outputNames } from './heads.ts';
import type { BertWeights } from './weights.ts';

/** The model of a config and its weights. */
export function bertModel(family: string, config: BertConfig, weights: BertWeights): EncoderModel {
  const { architecture, task, vocabSize, padTokenId, tokenTypes, positions, maxLength, tasks } = config;
  return new EncoderModel({
    family,
    architecture,
    maxLength,
    vocabSize,
    padTokenId,
    tokenTypes,
    ...(positions.kind === 'table' ? { positionRows: positions.rows } : { lengthLimit: Infinity }),
    ...(positions.kind === 'alibi' && { positionRows: 0 }),
    outputs: outputNames(task, weights.head),
    tasks: tasks?.prompts,
    isChoice: task === 'choice',
    graph: (shape) => bertGraph(config, weights, shape),
    positionInputs: (ids, own, mask) => positionInputs(positions, ids, own, mask),
  });
}

/** The inputs for positions: the caller's own, or those of the model's rule. */
function positionInputs(
  positions: BertPositions,
  ids: Tensor<'i32'>,
  own: Tensor<'i32'> | undefined,
  mask: Uint8Array | undefined,
): Tensors | undefined {
  if (positions.kind === 'rotary') return own && ropeInputs(ROPE, positions.rope, own);
  if (positions.kind === 'alibi') return undefined;
  if (own !== undefined) return { position_ids: own };
  const { first, skippedId } = positions;
  if (skippedId === undefined) return undefined;
  // Rows with a mask share one graph, whether or not one of them is short.
  if (mask === undefined && !ids.data.includes(skippedId)) return undefined;
  return { position_ids: countPositions(ids, first, skippedId) };
}
