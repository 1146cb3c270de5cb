/**
 * The families that `loadModel` tries, one line each. Their code is loaded with the first model of them.
 * Applications may pass a list of their own.
 */
import type { JsonObject } from '@attn/core';
import { anObject, checkArgument } from '@attn/core/backend';
import { someFamilies } from './argument-kinds.ts';
import { fieldOf } from './checkpoint/config-field.ts';
import type { ModelFamily } from './model.ts';

/** A family whose code is loaded when a model of it is. */
export interface LazyFamily {
  readonly name: string;
  /** True when this config.json is one of its models. */
  recognises(config: JsonObject): boolean;
  /** Loads the code of the family. */
  open(): Promise<ModelFamily>;
}

const WHERE = 'models/load';

/** All families of this package. */
export const FAMILIES: readonly LazyFamily[] = [
  lazy('longformer', ['longformer'], async () => (await import('./longformer/index.ts')).longformerFamily),
  lazy('led', ['led'], async () => (await import('./led/index.ts')).ledFamily),
  lazy('bart', ['bart'], async () => (await import('./bart/index.ts')).bartFamily),
  lazy('reformer', ['reformer'], async () => (await import('./reformer/index.ts')).reformerFamily),
  lazy(
    'linformer',
    ['linformer', 'linformer_roberta'],
    async () => (await import('./linformer/index.ts')).linformerFamily,
  ),
  lazy('modernbert', ['modernbert'], async () => (await import('./modernbert/index.ts')).modernBertFamily),
  lazy(
    'bert',
    ['bert', 'roberta', 'xlm-roberta', 'camembert', 'distilbert', 'mpnet'],
    async () => (await import('./bert/index.ts')).bertFamily,
  ),
  lazy('nomic', ['nomic_bert'], async () => (await import('./nomic/index.ts')).nomicFamily),
  lazy('jina', ['jina_embeddings_v3'], async () => (await import('./jina/index.ts')).jinaFamily),
  lazy(
    'gemma-embedding',
    ['gemma3_text', 'embedding_gemma2', 'embedding_gemma2_text'],
    async () => (await import('./gemma/index.ts')).gemmaEmbeddingFamily,
  ),
  lazy('qwen3', ['qwen3'], async () => (await import('./qwen3/index.ts')).qwen3Family),
  lazy('bigbird', ['big_bird'], async () => (await import('./bigbird/index.ts')).bigBirdFamily),
  lazy(
    'privacy-filter',
    ['openai_privacy_filter'],
    async () => (await import('./privacy-filter/index.ts')).privacyFilterFamily,
  ),
];

/**
 * The family of a model, by its config.json; undefined when none knows it. Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * const family = await findFamily({ model_type: 'longformer' });
 */
export async function findFamily(
  config: JsonObject,
  families: readonly (ModelFamily | LazyFamily)[] = FAMILIES,
): Promise<ModelFamily | undefined> {
  checkArgument(WHERE, 'config', config, anObject);
  checkArgument(WHERE, 'families', families, someFamilies);
  const family = families.find((candidate) => candidate.recognises(config));
  return family !== undefined && 'open' in family ? family.open() : family;
}

function lazy(name: string, types: readonly string[], open: () => Promise<ModelFamily>): LazyFamily {
  return { name, recognises: (config) => types.some((type) => type === fieldOf(config, 'model_type')), open };
}
