/**
 * How Hugging Face's library names the tensors of each family: what `canonical.ts` needs to find a tensor
 * under its other names, and to see that a model is of the family at all.
 */
import type { JsonObject } from '@attn/core';
import { fieldOf } from './config-field.ts';

/** Names of one family. */
export interface FamilyNames {
  /** The prefix of a base model's names in checkpoints with a head; empty where there is none. */
  readonly prefix: string;
  /** A base model's names without the prefix. All other names are those of heads. */
  readonly base: RegExp;
  /** The classes of the family, and classes that its models were made from. */
  readonly classes: RegExp;
  /** Buffers that old releases stored, and that nothing needs. */
  readonly buffers: RegExp;
  /**
   * Groups of names of one tensor: where some are missing, another that is there stands for them. The first
   * is the name under which every release of the original looks for it.
   */
  ties(prefix: string, config: JsonObject): readonly (readonly string[])[];
}

const IDS = /(^|\.)(position_ids|token_type_ids)$/;
const NOTHING = /^(?!)/;
const ENCODER = /^(embeddings|encoder|pooler)\./;

/** Whether the table of words is also the last layer of a language model. */
function isTied(config: JsonObject): boolean {
  return fieldOf(config, 'tie_word_embeddings') !== false;
}

function words(prefix: string, config: JsonObject, ...others: readonly string[]): readonly string[][] {
  return isTied(config) ? [[`${prefix}embeddings.word_embeddings.weight`, ...others]] : [];
}

/** RoBERTa and the models with its head. */
function likeRoberta(prefix: string, classes: RegExp): FamilyNames {
  return {
    prefix,
    base: ENCODER,
    classes,
    buffers: IDS,
    ties: (current, config) => [
      ...words(current, config, 'lm_head.decoder.weight'),
      ['lm_head.bias', 'lm_head.decoder.bias'],
    ],
  };
}

/** BERT and the models with its head. */
function likeBert(classes: RegExp): FamilyNames {
  return {
    prefix: 'bert.',
    base: ENCODER,
    classes,
    buffers: IDS,
    ties: (current, config) => [
      ...words(current, config, 'cls.predictions.decoder.weight'),
      ['cls.predictions.bias', 'cls.predictions.decoder.bias'],
    ],
  };
}

const led: FamilyNames = {
  prefix: 'led.',
  base: /^(shared|encoder|decoder)\./,
  classes: /^(TF)?LED/,
  buffers: IDS,
  ties: (current, config) => {
    const inside = ['shared.weight', 'encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];
    return [[...inside.map((name) => current + name), ...(isTied(config) ? ['lm_head.weight'] : [])]];
  },
};

const reformer: FamilyNames = {
  prefix: 'reformer.',
  base: /^(embeddings|encoder)\./,
  classes: /^Reformer/,
  buffers: /(^|\.)(self_)?mask_value_float(16|32)$/,
  ties: () => [['lm_head.bias', 'lm_head.decoder.bias']],
};

/** Linformer's two originals, whose layouts are in `linformer/`. */
const linformer: FamilyNames = {
  prefix: '',
  base: NOTHING,
  classes: /^Linformer/,
  buffers: NOTHING,
  ties: () => [],
};

const privacyFilter: FamilyNames = {
  prefix: 'model.',
  base: /^(embed_tokens|layers|norm)\./,
  classes: /^OpenAIPrivacyFilter/,
  buffers: NOTHING,
  ties: () => [],
};

/** By `model_type`. */
const FAMILIES: ReadonlyMap<unknown, FamilyNames> = new Map([
  ['longformer', likeRoberta('longformer.', /^((TF)?Longformer|(XLM)?Roberta(Long)?(For|Model))/)],
  ['roberta', likeRoberta('roberta.', /^(TF|Flax)?Roberta/)],
  ['xlm-roberta', likeRoberta('roberta.', /^(TF|Flax)?(XLM)?Roberta/)],
  ['camembert', likeRoberta('roberta.', /^(TF)?(Camembert|Roberta)/)],
  ['bert', likeBert(/^(TF|Flax)?Bert/)],
  ['big_bird', likeBert(/^(Flax)?BigBird/)],
  ['led', led],
  ['reformer', reformer],
  ['linformer', linformer],
  ['linformer_roberta', linformer],
  ['openai_privacy_filter', privacyFilter],
]);

/** The names of a model's family; undefined for a family that is not here. */
export function familyNames(config: JsonObject): FamilyNames | undefined {
  return FAMILIES.get(fieldOf(config, 'model_type'));
}
