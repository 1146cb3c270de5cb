/**
 * `attn make-checkpoint`: writes a model of real size with random
 * weights, to measure a machine before anything is downloaded.
 */
import { type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import {
  FAMILIES,
  LONGFORMER_PRESETS,
  randomCheckpoint,
  PRIVACY_FILTER_PRESETS,
  REFORMER_PRESETS,
  writeCheckpoint,
} from '@attn/models/node';
import { badArgument, integer, jsonOrFile, requiredText, text, type Options } from '../args.ts';
import type { Command, Context } from '../command.ts';
import { bytes } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';

const PRESETS: Readonly<Record<string, JsonObject>> = {
  ...LONGFORMER_PRESETS,
  ...REFORMER_PRESETS,
  ...PRIVACY_FILTER_PRESETS,
};

/** The command. */
export const makeCheckpoint: Command = {
  name: 'make-checkpoint',
  summary: 'Write a checkpoint of random weights, for tests and measurements',
  options: [
    ['--config <name|json|file>', `${Object.keys(PRESETS).join(', ')}, or a config.json`],
    ['--output <folder>', 'Where config.json and model.safetensors go'],
    ['--seed <number>', 'Equal seeds make equal weights (default: 0)'],
    ['--dtype <name>', 'How tensors are stored: f32 (default) or f16'],
  ],
  examples: ['make-checkpoint --config longformer-base --output longformer-base'],
  run: runMakeCheckpoint,
};

async function runMakeCheckpoint(options: Options, context: Context): Promise<void> {
  const output = requiredText(options, 'output', 'the folder to write to');
  const source = requiredText(options, 'config', 'a name or a config.json');
  const config = Object.hasOwn(PRESETS, source) ? PRESETS[source] : await readConfig(source);
  const seed = integer(options, 'seed', { least: 0, most: 2 ** 32 - 1 }) ?? 0;
  const dtype = text(options, 'dtype') ?? 'f32';
  if (dtype !== 'f32' && dtype !== 'f16') throw badArgument(`--dtype must be f32 or f16, got ${show(dtype)}`);
  const family = FAMILIES.find((candidate) => candidate.recognises(config));
  if (family === undefined) {
    const names = FAMILIES.map(({ name }) => name).join(', ');
    throw badArgument(`--config must be of ${names}, got the model_type ${show(config.model_type)}`);
  }
  const { signal, progress } = context;
  const checkpoint = randomCheckpoint(family, config, { seed, dtype });
  const onProgress = ({ done, total }: { done: number; total: number }): void =>
    progress.update(`making ${output}`, done / total);
  await writeCheckpoint(output, checkpoint, { signal, onProgress });
  progress.clear();
  const size = checkpoint.names.reduce((sum, name) => sum + checkpoint.spec(name).byteLength, 0);
  context.printJson({ output, tensors: checkpoint.names.length, bytes: size });
  context.print(
    fields([
      ['output', output],
      ['tensors', `${checkpoint.names.length}, ${bytes(size)}`],
    ]),
  );
}

async function readConfig(source: string): Promise<JsonObject> {
  const json = await jsonOrFile('config', source);
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw badArgument(`--config must hold a JSON object, got ${show(json)}`);
}
