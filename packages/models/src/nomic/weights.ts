/** Names and shapes of NomicBERT's tensors: linear layers without biases, a gate in each feed-forward. */
import { matrixSlots } from '../checkpoint/layout.ts';
import { BERT_HEADS } from '../bert/head-weights.ts';
import type { RotaryNames } from '../bert/rotary-layout.ts';

/** What the tensors are called. */
export const NAMES: RotaryNames = {
  prefix: 'nomic_bert.',
  heads: {
    ...BERT_HEADS,
    maskedLm: { ...BERT_HEADS.maskedLm, norm: 'cls.predictions.transform.layer_norm' },
  },
  attention: 'attn',
  feedForward: ['fc11', 'fc12'],
  linear: matrixSlots,
};
