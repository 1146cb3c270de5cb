/** What `attn convert` and `attn quantize` have in common: they write a whole model. */
import { readdir } from 'node:fs/promises';
import { AttnError, type JsonObject } from '@attn/core';
import {
  openCheckpoint,
  openModel,
  writeCheckpoint,
  type Checkpoint,
  type FileStore,
} from '@attn/models/node';
import { tokenizerFileNames, tokenizerJson, type TokenizerFiles } from '@attn/tokenizers';
import { badArgument, type Options } from '../args.ts';
import type { Context } from '../command.ts';
import { readHubOptions, readSource } from '../model.ts';
import { checkFolder } from '../output-file.ts';
import { bytes } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';

/** Files beside the weights that are copied as they are. */
const COPIED = [
  ...tokenizerFileNames().filter((name) => name !== 'config.json'),
  'generation_config.json',
  'viterbi_calibration.json',
  'modules.json',
  'config_sentence_transformers.json',
  ...['bert', 'roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'].map(
    (type) => `sentence_${type}_config.json`,
  ),
];

/** Files of a module of sentence-transformers, in its folder. */
const OF_MODULE = ['config.json', 'model.safetensors', 'pytorch_model.bin'];

/** The name of a folder beside config.json. */
const FOLDER = /^\w[\w.-]*$/;

/** Files of which a tokenizer.json can be written. */
const BESIDE_JSON = tokenizerFileNames({ besideJson: true });
const WRITTEN_OF = tokenizerFileNames().filter((name) => !BESIDE_JSON.includes(name));

/** Longest file that is copied, in bytes. */
const LIMIT = 256 * 2 ** 20;

/** Writes a model's config, its weights as `change` makes them, and the files beside them to a folder. */
export async function convertModel(
  output: string,
  options: Options,
  context: Context,
  change: (checkpoint: Checkpoint) => Promise<Checkpoint> = async (checkpoint) => checkpoint,
): Promise<void> {
  const { signal, progress } = context;
  await checkFolder(output);
  const entries = await readdir(output).catch(() => []);
  if (entries.length > 0) {
    throw badArgument(`--output must be a new or empty folder, got ${output}, which has ${entries[0]}`);
  }
  const source = readSource(options);
  progress.update(`loading ${source}`);
  const store = await openModel(source, readHubOptions(options, context));
  await using original = await openCheckpoint(store);
  const checkpoint = await change(original);
  const copied = await copiedFiles(store);
  const files = { ...writtenTokenizer(copied, checkpoint.config, context), ...copied };
  await writeCheckpoint(output, checkpoint, {
    files,
    signal,
    onProgress: ({ done, total }) => progress.update(`writing ${output}`, total === 0 ? 1 : done / total),
  });
  progress.clear();
  const { names, weights } = checkpoint;
  const size = names.reduce((sum, name) => sum + checkpoint.spec(name).byteLength, 0);
  context.printJson({ weights, tensors: names.length, bytes: size, files: Object.keys(files), output });
  context.print(
    fields([
      ['input', `${source} (${weights?.format ?? 'in memory'})`],
      ['tensors', `${names.length}, ${bytes(size)}`],
      ['beside them', ['config.json', ...Object.keys(files)].join(', ')],
      ['output', output],
    ]),
  );
}

async function copiedFiles(store: FileStore): Promise<Readonly<Record<string, Uint8Array>>> {
  const files: Record<string, Uint8Array> = {};
  const copy = async (name: string): Promise<void> => {
    const content = await store.bytes(name, LIMIT);
    if (content !== undefined) files[name] = content;
  };
  for (const name of COPIED) await copy(name);
  for (const folder of moduleFolders(files['modules.json']))
    for (const name of OF_MODULE) await copy(`${folder}/${name}`);
  return files;
}

/** The folders that a modules.json names. One that is malformed names none: `loadModel` says why. */
function moduleFolders(list: Uint8Array | undefined): readonly string[] {
  if (list === undefined) return [];
  try {
    const modules = [JSON.parse(new TextDecoder().decode(list))].flat();
    return modules
      .map((module) => Object(module).path)
      .filter((path) => typeof path === 'string' && FOLDER.test(path));
  } catch {
    return [];
  }
}

/** The tokenizer.json of other files of a tokenizer. One of a class that is not known is only copied. */
function writtenTokenizer(
  copied: TokenizerFiles,
  config: JsonObject,
  context: Context,
): Record<string, string> {
  if (copied['tokenizer.json'] !== undefined || !WRITTEN_OF.some((name) => copied[name] !== undefined))
    return {};
  try {
    const json = tokenizerJson({ ...copied, 'config.json': JSON.stringify(config) });
    return { 'tokenizer.json': `${JSON.stringify(json)}\n` };
  } catch (error) {
    if (!(error instanceof AttnError) || error.code !== 'UNSUPPORTED') throw error;
    context.warn(`no tokenizer.json is written: ${error.sentence}`);
    return {};
  }
}
