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
  const { architecture, task, vocabSize, padTokenId, tokenTypes, positions, maxLength } = config;
  return new EncoderModel({
    family,
    architecture,
    maxLength,
    vocabSize,
    padTokenId,
    tokenTypes,
    ...(positions.kind === 'table' ? { positionRows: positions.rows } : { lengthLimit: Infinity }),
    outputs: outputNames(task, weights.head),
    isChoice: task === 'choice',
    graph: (shape) => bertGraph(config, weights, shape),
    positionInputs: (ids, given, mask) => positionInputs(positions, ids, given, mask),
  });
}

function positionInputs(
  positions: BertPositions,
  ids: Tensor<'i32'>,
  given: Tensor<'i32'> | undefined,
  mask: Uint8Array | undefined,
): Tensors | undefined {
  if (positions.kind === 'rotary') return given && ropeInputs(ROPE, positions.rope, given);
  if (given !== undefined) return { position_ids: given };
  const { first, skippedId } = positions;
  if (skippedId === undefined) return undefined;
  // Rows with a mask share one graph, whether or not one of them is short.
  if (mask === undefined && !ids.data.includes(skippedId)) return undefined;
  return { position_ids: countPositions(ids, first, skippedId) };
}
