/** The `--model` option: a checkpoint in a folder, on the web or on the hub, with its options. */
import { type Attn } from '@attn/core';
import { show } from '@attn/core/backend';
import {
  loadModel,
  type Ability,
  type HubOptions,
  type LoadedModel,
  type ModelsFor,
  type NodeLoadOptions,
} from '@attn/models/node';
import { badArgument, isSet, requiredText, text, type Options } from './args.ts';
import type { Command, Context } from './command.ts';
import { readWeightOptions } from './weights.ts';

/** Options that say where a model is. */
export const SOURCE_OPTIONS: Command['options'] = [
  ['--model <source>', 'A folder, a model’s id on the Hugging Face hub (org/name), or a URL'],
  ['--revision <name>', 'Branch, tag or commit on the hub (default: main)'],
  ['--token <text>', 'For private and gated models of the hub (default: HF_TOKEN, or that of its own login)'],
  ['--hub-url <url>', 'Another hub (default: HF_ENDPOINT, or https://huggingface.co)'],
  ['--cache <folder>', 'Where models of the hub are kept (default: that of Hugging Face’s libraries)'],
  ['--offline', 'Use what is in the cache and ask nobody'],
];

/** Options that name the model and the class to load it as. */
export const MODEL_OPTIONS: Command['options'] = [
  ...SOURCE_OPTIONS,
  [
    '--architecture <name>',
    'Class to load it as (default: that of config.json, or the model without a head)',
  ],
];

/** Options of the library that have other names on the command line. */
const FLAGS = { accessToken: '--token', cacheFolder: '--cache', hubUrl: '--hub-url' } as const;

/** A sentence of the library, with the names that its options have on the command line. */
export function inFlags(sentence: string): string {
  return sentence.replace(
    /\b(?:the option )?(accessToken|cacheFolder|hubUrl)\b/g,
    (_, name: keyof typeof FLAGS) => FLAGS[name],
  );
}

/** Where the model is. */
export function readSource(options: Options): string {
  return requiredText(options, 'model', 'a folder, an id or a URL');
}

/** Options of the hub, which show the progress of downloads. */
export function readHubOptions(options: Options, { signal, progress, warn }: Context): HubOptions {
  const hub = {
    revision: text(options, 'revision'),
    accessToken: text(options, 'token'),
    hubUrl: text(options, 'hubUrl'),
    cacheFolder: text(options, 'cache'),
    ...(isSet(options, 'offline') && { offline: true }),
  };
  return {
    ...hub,
    signal,
    onDownload: ({ file, done, total }) => progress.update(`downloading ${file}`, done / total),
    onWarning: (message) => {
      progress.clear();
      warn(message);
    },
  };
}

/** Options of loading, which show the progress of downloading and reading. `place` says where it runs. */
export function readLoading(
  options: Options,
  context: Context,
  place: Pick<NodeLoadOptions, 'attn' | 'workers'> = {},
): NodeLoadOptions {
  const { progress } = context;
  progress.update(`loading ${readSource(options)}`);
  return {
    ...readHubOptions(options, context),
    ...readWeightOptions(options),
    ...place,
    architecture: text(options, 'architecture'),
    onProgress: ({ done, total, file }) => progress.update(`reading ${file}`, done / total),
  };
}

/** Loads the model, and shows the progress of downloading and reading. */
export async function readModel(...how: Parameters<typeof readLoading>): Promise<LoadedModel> {
  const [options] = how;
  return loadModel(readSource(options), readLoading(...how));
}

/** Loads a model that has the method `ability`. Errors: `UNSUPPORTED` for any other. */
export async function readModelFor<A extends Ability>(
  ability: A,
  options: Options,
  context: Context,
  attn: Attn,
): Promise<ModelsFor[A]> {
  return loadModel(readSource(options), { ...readLoading(options, context, { attn }), for: ability });
}

/** Reads positions of global tokens, such as `0,7,20`. */
export function readGlobalTokens(options: Options): readonly number[] | undefined {
  const list = text(options, 'globalTokens');
  if (list === undefined) return undefined;
  return list.split(',').map((part) => {
    if (/^\s*\d+\s*$/.test(part)) return Number(part);
    throw badArgument(`--global-tokens must be positions such as 0,7,20, got ${show(list)}`);
  });
}
