/**
 * Which files of a model on the hub are needed: the weights in the form that is read best, and the files
 * beside them. Loading prefers safetensors at the revision that was asked for, then the conversion that the
 * hub's bot proposed, then PyTorch's own files.
 */
import { AttnError, type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import { MODULE_WEIGHTS, MODULES_FILE, PROMPTS_FILE, TRANSFORMER_FILES } from '../sentence/module-list.ts';
import { CALIBRATION_FILE } from '../spans/calibration.ts';
import type { HubClient, HubFile, HubRevision } from './client.ts';
import { isPlainName, WHERE } from './names.ts';

/** Where the weights of a model are. */
export interface WeightsPlan {
  /** The file of all weights, or the index of their shards. */
  readonly file: string;
  readonly commit: string;
  /** The pull request of the bot, such as `refs/pr/4`; absent for the revision that was asked for. */
  readonly revision?: string;
}

/** Which files of a model are needed. */
export interface ModelPlan {
  /** The commit of the files beside the weights. */
  readonly commit: string;
  /** The files beside the weights: configs, and the tokenizer's. */
  readonly companions: readonly string[];
  readonly weights: WeightsPlan;
}

/** Options of a plan. */
export interface PlanOptions {
  /** Whether the hub is asked for a conversion by its bot where there is no safetensors. Default true. */
  readonly conversions?: boolean;
  /** Whether files are already here. Then they are used, and no conversion is looked for. */
  readonly hasAll?: (files: readonly HubFile[]) => Promise<boolean>;
}

/** Names of weights in safetensors, the preferred first. */
const SAFETENSORS = ['model.safetensors', 'model.safetensors.index.json'];

/** Names of weights that PyTorch wrote, the preferred first. */
const BINS = ['pytorch_model.bin', 'pytorch_model.bin.index.json'];

/** All names under which weights or the index of their shards lie, the preferred first. */
export const WEIGHT_NAMES: readonly string[] = [...SAFETENSORS, ...BINS];

/** A shard of PyTorch's weights. */
const BIN_SHARD = /^pytorch_model-\d+-of-\d+\.bin$/;

/** Files that may hold weights, in forms that are not read. */
const OTHER_WEIGHTS = /\.(h5|msgpack|ot|onnx|gguf|pt|pth|ckpt|bin|safetensors)$/;

/** Configs of a model. */
const CONFIGS = ['config.json', 'generation_config.json', CALIBRATION_FILE];

/** Files of sentence-transformers beside config.json. */
const SENTENCE_CONFIGS = [MODULES_FILE, PROMPTS_FILE, ...TRANSFORMER_FILES];

/** The folder of a module, as sentence-transformers names it: `1_Pooling`. */
const MODULE_FOLDER = /^[1-9]\d*_\w+$/;

/**
 * The files of a revision that a model needs. Errors: `FILE_NOT_FOUND` when it has no weights in a form that
 * is read, and those of `HubClient.describe`.
 */
export async function planFiles(
  client: Pick<HubClient, 'conversion' | 'describe'>,
  id: string,
  { commit, files }: HubRevision,
  options: PlanOptions = {},
): Promise<ModelPlan> {
  const companions = [...(await companionsOf(files)), ...modulesOf(files)];
  const weights = await planWeights(client, id, { commit, files }, options);
  return { commit, companions, weights };
}

async function planWeights(
  client: Pick<HubClient, 'conversion' | 'describe'>,
  id: string,
  { commit, files }: HubRevision,
  { conversions = true, hasAll }: PlanOptions,
): Promise<WeightsPlan> {
  const file = firstOf(WEIGHT_NAMES, files);
  if (file === undefined) throw noWeights(id, files);
  const plan = { file, commit };
  if (!conversions || SAFETENSORS.includes(file)) return plan;
  const bins = await client.describe(id, commit, binsOf(file, files));
  if (await hasAll?.(bins)) return plan;
  const conversion = await client.conversion(id, commit, bins);
  const safetensors = firstOf(SAFETENSORS, conversion?.files ?? []);
  if (conversion === undefined || safetensors === undefined) return plan;
  return { file: safetensors, commit: conversion.commit, revision: conversion.revision };
}

/**
 * The files beside the weights: the configs, and those of the tokenizer. Where there is a tokenizer.json,
 * files that it makes needless are left out.
 */
export async function companionsOf(files: readonly string[]): Promise<readonly string[]> {
  const { tokenizerFileNames } = await import('@attn/tokenizers');
  const needed = tokenizerFileNames({ besideJson: files.includes('tokenizer.json') });
  return [...new Set([...CONFIGS, ...needed])].filter((name) => files.includes(name));
}

/** The files of sentence-transformers' modules: configs, and the weights that some modules have. */
function modulesOf(files: readonly string[]): readonly string[] {
  if (!files.includes(MODULES_FILE)) return [];
  const names = new Set(files);
  const folders = new Set(
    files.map((file) => file.split('/')).flatMap(([folder, ...rest]) => (rest.length === 1 ? [folder] : [])),
  );
  const ofModules = [...folders]
    .filter((folder) => MODULE_FOLDER.test(folder))
    .flatMap((folder) => {
      const weights = firstOf(
        MODULE_WEIGHTS.map((name) => `${folder}/${name}`),
        files,
      );
      return [`${folder}/config.json`, ...(weights === undefined ? [] : [weights])];
    });
  return [...SENTENCE_CONFIGS, ...ofModules].filter((name) => names.has(name));
}

/**
 * The configs of the modules that a modules.json lists. Folders whose names are not plain are left out:
 * opening the model refuses them with a sentence.
 */
export function moduleConfigsIn(list: readonly unknown[]): readonly string[] {
  return list.flatMap((entry) => {
    const { path, type } = Object(entry) as Partial<Record<string, unknown>>;
    const hasNoFiles = /(^|\.)(Normalize|Dropout)$/.test(String(type));
    return hasNoFiles || !isPlainName(path) ? [] : [`${path}/config.json`];
  });
}

/** True for the name of an index of shards. */
export function isIndex(file: string): boolean {
  return file.endsWith('.index.json');
}

/**
 * The shards that an index lists. Names that are not plain are left out: opening the checkpoint refuses
 * them with a sentence.
 */
export function shardsIn({ weight_map: map }: JsonObject): readonly string[] {
  const names = typeof map === 'object' && map !== null ? Object.values(map) : [];
  return [...new Set(names.filter((name) => typeof name === 'string'))].filter(isPlainName);
}

/** The files of PyTorch's weights: the only one, or the index and all shards. */
function binsOf(file: string, files: readonly string[]): readonly string[] {
  return isIndex(file) ? [file, ...files.filter((name) => BIN_SHARD.test(name))] : [file];
}

function firstOf(names: readonly string[], files: readonly string[]): string | undefined {
  return names.find((name) => files.includes(name));
}

function noWeights(id: string, files: readonly string[]): AttnError {
  const others = files.filter((name) => OTHER_WEIGHTS.test(name)).slice(0, 5);
  const has = others.length === 0 ? 'no weights at all' : others.map((name) => show(name)).join(', ');
  const message = `${id} must have ${SAFETENSORS[0]} or ${BINS[0]}, or an index of their shards; it has ${has}`;
  return new AttnError('FILE_NOT_FOUND', WHERE, message);
}
