/** Cross-encoders: classifiers of pairs with one label, as sentence-transformers scores them. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import { activate, activationOf, checkRanks } from '../../encode/activate.ts';
import type { RunnableModel } from '../../runnable-model.ts';
import { checkClassifier } from '../check-classifier.ts';
import { tokenizeTexts } from '../../encode/run-texts.ts';
import type { Judge } from './judge.ts';

/** The judge that a cross-encoder is. Errors: `UNSUPPORTED` for a model that classifies no texts. */
export function crossEncoder(runnable: RunnableModel, where: string): Judge {
  const { model, settings } = runnable;
  checkClassifier(where, model, 'text-ranking');
  return {
    runnable,
    maxLength: model.maxLength,
    async tokens(pairs, options) {
      const { instruction } = options;
      if (instruction !== undefined) {
        const message = `instruction is for models that are asked in words, such as Qwen3-Reranker, and ${model.architecture} is none, got ${show(instruction)}`;
        throw new AttnError('INVALID_ARGUMENT', where, message);
      }
      const inputs = pairs.map(({ query, document }) => ({ text: query, pair: document }));
      return tokenizeTexts(where, runnable, inputs, options);
    },
    score(logits) {
      checkRanks(where, model, logits.length);
      return activate(logits, activationOf(settings, 1))[0];
    },
  };
}
