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
  /** Code that checkpoints name in `auto_map` and that the family computes, so that it need not run. */
  readonly code?: RegExp;
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
const ROTARY_ENCODER = /^(embeddings|emb_ln|encoder|pooler)\./;

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

const distilBert: FamilyNames = {
  prefix: 'distilbert.',
  base: /^(embeddings|transformer)\./,
  classes: /^(TF|Flax)?DistilBert/,
  buffers: IDS,
  ties: (current, config) => words(current, config, 'vocab_projector.weight'),
};

/** BERT, and jina-embeddings-v2, which says that it is one and brings the code of its publisher. */
const bert: FamilyNames = {
  ...likeBert(/^((TF|Flax)?Bert|JinaBert)/),
  code: /^jinaai\/jina-bert-implementation--/,
};

/** A BERT by its head; its checkpoints bring the code of the repository that published it first. */
const nomic: FamilyNames = {
  ...likeBert(/^NomicBert/),
  prefix: 'nomic_bert.',
  base: ROTARY_ENCODER,
  code: /^(nomic-ai\/nomic-bert-2048--)?(configuration|modeling)_hf_nomic_bert\./,
};

/** A RoBERTa by its head; checkpoints with adapters bring the publisher's code. */
const jina: FamilyNames = {
  ...likeRoberta('roberta.', /^JinaEmbeddingsV3/),
  base: ROTARY_ENCODER,
  code: /^jinaai\/xlm-roberta-flash-implementation--/,
};

/** Models with an encoder and a decoder, which share their words. */
function likeBart(prefix: string, classes: RegExp): FamilyNames {
  return {
    prefix,
    base: /^(shared|encoder|decoder)\./,
    classes,
    // fairseq wrote the version of its format into each side.
    buffers: /(^|\.)(position_ids|(en|de)coder\.version)$/,
    ties: (current, config) => {
      const inside = ['shared.weight', 'encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];
      return [[...inside.map((name) => current + name), ...(isTied(config) ? ['lm_head.weight'] : [])]];
    },
  };
}

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

const modernBert: FamilyNames = {
  prefix: 'model.',
  base: /^(embeddings|layers|final_norm)\./,
  classes: /^ModernBert/,
  buffers: /(^|\.)rotary_emb\.(\w+_)?inv_freq$/,
  ties: (current, config) =>
    isTied(config) ? [[`${current}embeddings.tok_embeddings.weight`, 'decoder.weight']] : [],
};

/** Models of layers under one prefix, whose table of words may also be the last layer of a language model. */
function likeLlama(prefix: string, classes: RegExp, isTiedByDefault: boolean): FamilyNames {
  return {
    prefix,
    base: /^(embed_tokens|layers|norm|ple|embedding_projection)\./,
    classes,
    buffers: /(^|\.)rotary_emb\.(\w+_)?inv_freq$/,
    ties: (current, config) =>
      (fieldOf(config, 'tie_word_embeddings') ?? isTiedByDefault) === true
        ? [[`${current}embed_tokens.weight`, 'lm_head.weight']]
        : [],
  };
}
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
  ['bert', bert],
  ['distilbert', distilBert],
  ['mpnet', likeRoberta('mpnet.', /^(TF)?MPNet/)],
  ['nomic_bert', nomic],
  ['jina_embeddings_v3', jina],
  ['big_bird', likeBert(/^(Flax)?BigBird/)],
  ['led', likeBart('led.', /^(TF)?LED/)],
  ['bart', likeBart('model.', /^(TF|Flax)?(Bart|PretrainedBart)/)],
  ['reformer', reformer],
  ['linformer', linformer],
  ['linformer_roberta', linformer],
  ['modernbert', modernBert],
  ['gemma3_text', likeLlama('model.', /^Gemma3/, true)],
  ['embedding_gemma2', likeLlama('language_model.', /^EmbeddingGemma2/, false)],
  ['embedding_gemma2_text', likeLlama('language_model.', /^EmbeddingGemma2/, false)],
  ['qwen3', likeLlama('model.', /^Qwen3/, false)],
  ['openai_privacy_filter', privacyFilter],
]);

/** Every `model_type` whose names are known. */
export function familyTypes(): readonly string[] {
  return [...FAMILIES.keys()].map(String);
}

/** The names of a model's family; undefined for a family that is not here. */
export function familyNames(config: JsonObject): FamilyNames | undefined {
  return FAMILIES.get(fieldOf(config, 'model_type'));
}
