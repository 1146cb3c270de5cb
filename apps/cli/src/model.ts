/** The `--model` option: a checkpoint in a folder, on the web or on the hub, with its options. */
import { type Attn } from '@attn/core';
import { show } from '@attn/core/backend';
import { loadModel, type LoadedModel } from '@attn/models/node';
import { badArgument, isSet, requiredText, text, type Options } from './args.ts';
import type { Command, Context } from './command.ts';

/** Options that name the model. */
export const MODEL_OPTIONS: Command['options'] = [
  ['--model <source>', 'A folder, a model’s id on the Hugging Face hub (org/name), or a URL'],
  [
    '--architecture <name>',
    'Class to load it as (default: that of config.json, or the model without a head)',
  ],
  ['--revision <name>', 'Branch, tag or commit on the hub (default: main)'],
  ['--cache <folder>', 'Where models of the hub are kept (default: that of Hugging Face’s libraries)'],
  ['--offline', 'Use what is in the cache and ask nobody'],
];

/** Loads the model, and shows the progress of downloading and reading. */
export async function readModel(
  options: Options,
  { signal, progress }: Context,
  attn?: Attn,
): Promise<LoadedModel> {
  const source = requiredText(options, 'model', 'a folder, an id or a URL');
  progress.update(`loading ${source}`);
  return loadModel(source, {
    attn,
    architecture: text(options, 'architecture'),
    revision: text(options, 'revision'),
    cacheFolder: text(options, 'cache'),
    ...(isSet(options, 'offline') && { offline: true }),
    signal,
    onDownload: ({ file, done, total }) => progress.update(`downloading ${file}`, done / total),
    onProgress: ({ done, total }) => progress.update(`reading ${source}`, done / total),
  });
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
