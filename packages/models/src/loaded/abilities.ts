/** What models can do beyond running batches. */
import { AttnError } from '@attn/core';
import type { Model } from '../model.ts';
import { classifiesTexts, type FolderSettings } from '../sentence/settings.ts';

/** A method that only some models have. */
export type Ability = 'encode' | 'encodeSparse' | 'predict' | 'rank' | 'generate';

/** A model, and what the files of its folder say beside. */
export interface AbleModel {
  readonly network: Model;
  readonly settings: FolderSettings;
}

interface Rule {
  test(model: AbleModel): boolean;
  /** What a model must be. */
  readonly needs: string;
}

const isSparse = ({ settings }: AbleModel): boolean => settings.sentence?.pipeline.kind === 'sparse';

const RULES: Readonly<Record<Ability, Rule>> = {
  encode: {
    test: (model) => !isSparse(model) && model.network.outputs.includes('last_hidden_state'),
    needs: 'a model that gives the states of tokens: the model without a head',
  },
  encodeSparse: { test: isSparse, needs: 'a folder of sentence-transformers with a SpladePooling' },
  predict: { test: ({ network }) => classifiesTexts(network), needs: 'a model for sequence classification' },
  rank: { test: ({ network }) => classifiesTexts(network), needs: 'a model for sequence classification' },
  generate: {
    test: ({ network }) => network.generation !== undefined,
    needs: 'a model of language, such as LEDForConditionalGeneration',
  },
};

/** All abilities. */
export const ABILITIES: readonly Ability[] = Object.keys(RULES) as Ability[];

/** Whether a model has a method. */
export function can(model: AbleModel, ability: Ability): boolean {
  return RULES[ability].test(model);
}

/** Errors: `UNSUPPORTED` for a model without the method. */
export function checkAbility(where: string, ability: Ability, model: AbleModel): void {
  if (can(model, ability)) return;
  const { architecture, outputs } = model.network;
  const message = `${ability} needs ${RULES[ability].needs}; ${architecture} gives ${outputs.join(', ')}`;
  throw new AttnError('UNSUPPORTED', where, message);
}
