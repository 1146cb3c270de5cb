/** Tasks of models that classify texts. */
import { AttnError } from '@attn/core';
import type { Model } from '../model.ts';
import { classifiesTexts } from '../sentence/settings.ts';

/** Errors: `UNSUPPORTED` for a model that gives no logits [rows, labels] of texts. */
export function checkClassifier(where: string, model: Model, task: string): void {
  if (classifiesTexts(model)) return;
  const message = `${task} needs a model for sequence classification, got ${model.architecture}`;
  throw new AttnError('UNSUPPORTED', where, message);
}
