/** All that the files of a folder say beside weights and tokenizer. */
import { AttnError, type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import { fieldOf } from '../checkpoint/config-field.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { malformedFile, readJson, type FileStore } from '../files/file-store.ts';
import { GENERATION_FILE, generationDefaults } from '../generate/generation-config.ts';
import type { Model } from '../model.ts';
import { CALIBRATION_FILE } from '../spans/calibration.ts';
import { PROMPTS_FILE, SETTINGS_LIMIT, TRANSFORMER_FILE, type ModuleList } from './module-list.ts';
import type { Prompts } from './prompts.ts';
import { readPipeline } from './read-modules.ts';
import {
  classifiesTexts,
  classifiesTokens,
  type Cutting,
  type FolderSettings,
  type ScoringSettings,
  type SentenceSettings,
} from './settings.ts';
import { SIMILARITIES } from './similarity.ts';

const WHERE = 'models/load';
const TOKENIZER_FILE = 'tokenizer_config.json';

/** Longest tokenizer_config.json that is read, in bytes. */
const TOKENIZER_LIMIT = 64 * 2 ** 20;

/**
 * Reads the settings of a folder. `list` is what its modules.json says, if it has one.
 *
 * Errors: `MALFORMED_FILE`, `FILE_NOT_FOUND` (files of a module), `UNSUPPORTED`.
 */
export async function readSettings(
  store: FileStore,
  list: ModuleList | undefined,
  config: JsonObject,
  model: Model,
): Promise<FolderSettings> {
  const isClassifier = classifiesTexts(model);
  const file = list && ((await readJson(store, PROMPTS_FILE, SETTINGS_LIMIT)) ?? {});
  const cutting = await readCutting(store, list?.transformer ?? {}, model);
  const sentence =
    list && list.task !== 'text-logits' ? await readSentence(store, list, file ?? {}, cutting) : undefined;
  const scoring = isClassifier ? readScoring(store, config, file, cutting) : undefined;
  const calibration = classifiesTokens(model)
    ? await readJson(store, CALIBRATION_FILE, SETTINGS_LIMIT)
    : undefined;
  const generation =
    model.generation === undefined
      ? undefined
      : generationDefaults(config, await readJson(store, GENERATION_FILE, SETTINGS_LIMIT));
  return { config, cutting, sentence, scoring, generation, calibration };
}

async function readSentence(
  store: FileStore,
  list: ModuleList,
  file: JsonObject,
  cutting: Cutting,
): Promise<SentenceSettings> {
  const reader = new ConfigReader(file, PROMPTS_FILE);
  const dimensions =
    reader.field('truncate_dim') === undefined ? undefined : reader.integer('truncate_dim', { least: 1 });
  const pipeline = await readPipeline(store, list);
  return {
    ...cutting,
    pipeline,
    prompts: readPrompts(reader),
    similarity: reader.oneOf(
      'similarity_fn_name',
      SIMILARITIES,
      pipeline.kind === 'sparse' ? 'dot' : 'cosine',
    ),
    dimensions,
  };
}

function readPrompts(reader: ConfigReader): Prompts {
  const value = reader.field('prompts') ?? {};
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : undefined;
  if (entries === undefined || Array.isArray(value) || !entries.every(([, text]) => typeof text === 'string'))
    throw reader.wrong('prompts', 'an object of texts', value);
  const byName = new Map(entries as readonly (readonly [string, string])[]);
  const name = reader.field('default_prompt_name');
  if (name !== undefined && (typeof name !== 'string' || !byName.has(name)))
    throw reader.wrong(
      'default_prompt_name',
      `the name of a prompt (${[...byName.keys()].join(', ')})`,
      name,
    );
  return { byName, defaultName: name };
}

/**
 * Where texts are cut: at `max_seq_length`, or where the tokenizer's own config says; never beyond the model.
 */
async function readCutting(
  store: FileStore,
  transformer: JsonObject,
  { maxLength }: Model,
): Promise<Cutting> {
  const tokenizer = (await readJson(store, TOKENIZER_FILE, TOKENIZER_LIMIT)) ?? {};
  const length =
    fieldOf(transformer, 'max_seq_length') ?? fieldOf(tokenizer, 'model_max_length') ?? undefined;
  const file = fieldOf(transformer, 'max_seq_length') ? TRANSFORMER_FILE : TOKENIZER_FILE;
  if (length !== undefined && (typeof length !== 'number' || !(length >= 1)))
    throw malformedFile(
      store,
      file,
      `must have a number of tokens as the length of texts, got ${show(length)}`,
    );
  const side = fieldOf(tokenizer, 'truncation_side') ?? 'right';
  if (side !== 'left' && side !== 'right')
    throw malformedFile(
      store,
      TOKENIZER_FILE,
      `must have left or right as truncation_side, got ${show(side)}`,
    );
  return { maxLength: length === undefined ? undefined : Math.min(Math.floor(length), maxLength), side };
}

/** Cross-encoders have had three places for their activation. */
function readScoring(
  store: FileStore,
  config: JsonObject,
  file: JsonObject | undefined,
  cutting: Cutting,
): ScoringSettings {
  const inner = fieldOf(config, 'sentence_transformers');
  const path =
    (typeof inner === 'object' && inner !== null
      ? fieldOf(inner as JsonObject, 'activation_fn')
      : undefined) ??
    fieldOf(config, 'sbert_ce_default_activation_function') ??
    (file && fieldOf(file, 'activation_fn')) ??
    undefined;
  if (path === undefined) return { ...cutting, activation: undefined };
  const name = String(path).split('.').at(-1);
  if (name === 'Sigmoid') return { ...cutting, activation: 'sigmoid' };
  if (name === 'Identity') return { ...cutting, activation: 'identity' };
  const message = `${store.name} has the activation ${show(path)} of scores; known are Sigmoid, Identity`;
  throw new AttnError('UNSUPPORTED', WHERE, message);
}
