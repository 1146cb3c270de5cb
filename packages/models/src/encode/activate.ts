/** From the logits of a classifier of pairs to scores, as the files of a cross-encoder say. */
import { AttnError } from '@attn/core';
import type { Model } from '../model.ts';
import type { FolderSettings, ScoreActivation } from '../sentence/settings.ts';
import { sigmoid, softmax } from './scores.ts';

/** What becomes of the logits of so many labels: what the files say, else sigmoid of one label alone. */
export function activationOf({ scoring }: FolderSettings, labels: number): ScoreActivation {
  return scoring?.activation ?? (labels === 1 ? 'sigmoid' : 'identity');
}

/** The scores of one row of logits. */
export function activate(logits: Float32Array, activation: ScoreActivation): Float32Array | Float64Array {
  switch (activation) {
    case 'identity':
      return logits;
    case 'sigmoid':
      return sigmoid(logits);
    case 'softmax':
      return softmax(logits);
    default:
      return activation satisfies never;
  }
}

/** Errors: `UNSUPPORTED` for more than one label, by which nothing can be ranked. */
export function checkRanks(where: string, { architecture }: Model, labels: number): void {
  if (labels === 1) return;
  const message = `ranking needs a model of one label, got ${labels} of ${architecture}`;
  throw new AttnError('UNSUPPORTED', where, message);
}
