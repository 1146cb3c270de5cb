/** A privacy filter with its weights. */
import { checkArgument } from '@attn/core/backend';
import { withFields } from '../argument-kinds.ts';
import { EncoderModel } from '../encoder/encoder-model.ts';
import { ropeInputs } from '../encoder/rope.ts';
import type { PrivacyFilterConfig } from './config.ts';
import { privacyFilterGraph, ROPE } from './graph.ts';
import type { PrivacyFilterWeights } from './weights.ts';

const WHERE = 'models/privacy-filter';

const aConfig = withFields(
  'a config that privacyFilterFamily.load has read',
  'architecture',
  'rope',
  'labels',
);
const theWeights = withFields('weights that privacyFilterFamily.load has read', 'layers', 'norm');

/**
 * A privacy filter: it says of each token what private information it is part of. Its outputs are logits;
 * `viterbi` and `decodeSpans` make spans of them.
 *
 * @example
 * const model = await privacyFilterFamily.load(checkpoint);
 * const { graph, inputs } = model.call({ inputIds: [[5, 6, 7]] });
 */
export class PrivacyFilter extends EncoderModel {
  readonly config: PrivacyFilterConfig;
  readonly weights: PrivacyFilterWeights;

  /** Errors: `INVALID_ARGUMENT`. */
  constructor(config: PrivacyFilterConfig, weights: PrivacyFilterWeights) {
    checkArgument(WHERE, 'config', config, aConfig);
    checkArgument(WHERE, 'weights', weights, theWeights);
    super({
      family: 'privacy-filter',
      architecture: config.architecture,
      maxLength: config.maxPositions,
      lengthLimit: Infinity,
      vocabSize: config.vocabSize,
      padTokenId: config.padTokenId,
      tokenTypes: 0,
      outputs: [weights.classifier === undefined ? 'last_hidden_state' : 'logits'],
      graph: (shape) => privacyFilterGraph(config, weights, shape),
      positionInputs: (_ids, positions) => positions && ropeInputs(ROPE, config.rope, positions),
    });
    this.config = config;
    this.weights = weights;
  }

  /** Names of the classes of tokens, in the order of the logits: `O`, `B-private_person`, … */
  get labels(): readonly string[] {
    return this.config.labels;
  }
}
