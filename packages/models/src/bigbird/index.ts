/** The BigBird family: how `loadModel` recognises and loads a BigBird. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import { EncoderModel } from '../encoder/encoder-model.ts';
import type { ModelFamily } from '../model.ts';
import { bucketLength } from '../encode/batches.ts';
import { isBlockSparse, mostFull } from './attention.ts';
import { readBigBirdConfig, type BigBirdConfig } from './config.ts';
import { bigBirdGraph } from './graph.ts';
import { outputNames } from './heads.ts';
import { bigBirdLayout, readBigBirdWeights, type BigBirdWeights } from './weights.ts';

export type { BigBirdArchitecture, BigBirdBlocks, BigBirdConfig } from './config.ts';

/**
 * BigBird with its heads, from Hugging Face checkpoints, as it is in use: without random blocks.
 * Zaheer et al. 2020, https://arxiv.org/abs/2007.14062
 */
export const bigBirdFamily: ModelFamily<EncoderModel> = {
  name: 'bigbird',
  recognises: (config) => fieldOf(config, 'model_type') === 'big_bird',
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(bigBirdLayout(checkpoint, readBigBirdConfig(config, architecture)));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readBigBirdConfig(checkpoint.config, architecture);
    return bigBird(config, await readBigBirdWeights(checkpoint, config, reading));
  },
};

function bigBird(config: BigBirdConfig, weights: BigBirdWeights): EncoderModel {
  const { architecture, positionRows, vocabSize, padTokenId, tokenTypes } = config;
  return new EncoderModel({
    family: 'bigbird',
    architecture,
    maxLength: positionRows,
    vocabSize,
    padTokenId,
    tokenTypes,
    positionRows,
    outputs: outputNames(architecture, weights.head),
    isChoice: architecture === 'BigBirdForMultipleChoice',
    graphLength: (length) => graphLength(config, length),
    graph: (shape) => bigBirdGraph(config, weights, shape),
    positionInputs: (_, positions) => positions && { position_ids: positions },
  });
}

/** A length at which a row of this many tokens sees what it sees without padding: it has as many blocks. */
function graphLength({ blocks, positionRows }: BigBirdConfig, length: number): number {
  if (blocks === undefined) return bucketLength(length, positionRows);
  if (!isBlockSparse(blocks, length)) return bucketLength(length, Math.min(positionRows, mostFull(blocks)));
  return Math.min(Math.ceil(length / blocks.size) * blocks.size, positionRows);
}
