/** The part of `attn convert` that writes a whole model. */
import { readdir } from 'node:fs/promises';
import { AttnError, type JsonObject } from '@attn/core';
import { openCheckpoint, openModel, writeCheckpoint, type FileStore } from '@attn/models/node';
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
];

/** Files of which a tokenizer.json can be written. */
const BESIDE_JSON = tokenizerFileNames({ besideJson: true });
const WRITTEN_OF = tokenizerFileNames().filter((name) => !BESIDE_JSON.includes(name));

/** Longest file that is copied, in bytes. */
const LIMIT = 256 * 2 ** 20;

/** Writes a model's config, weights and tokenizer to a folder. */
export async function convertModel(output: string, options: Options, context: Context): Promise<void> {
  const { signal, progress } = context;
  await checkFolder(output);
  const entries = await readdir(output).catch(() => []);
  if (entries.length > 0) {
    throw badArgument(`--output must be a new or empty folder, got ${output}, which has ${entries[0]}`);
  }
  const source = readSource(options);
  progress.update(`loading ${source}`);
  const store = await openModel(source, readHubOptions(options, context));
  await using checkpoint = await openCheckpoint(store);
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
  for (const name of COPIED) {
    const content = await store.bytes(name, LIMIT);
    if (content !== undefined) files[name] = content;
  }
  return files;
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
