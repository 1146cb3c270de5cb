/** `attn convert`: writes a checkpoint, or one file of tensors, in the form that every library reads. */
import { AttnError } from '@attn/core';
import { openTensorFile } from '@attn/models/node';
import { writeStoredTensors, type StoredTensor } from '@attn/safetensors/node';
import { badArgument, requiredText, text, type Options } from '../args.ts';
import type { Command, Context } from '../command.ts';
import { SOURCE_OPTIONS } from '../model.ts';
import { checkOutput } from '../output-file.ts';
import { bytes } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';
import { convertModel } from './convert-model.ts';

/** The command. */
export const convert: Command = {
  name: 'convert',
  summary: 'Write a checkpoint as .safetensors, with a tokenizer.json',
  options: [
    ...SOURCE_OPTIONS,
    ['--input <file>', 'Instead of a model: one file of tensors, such as pytorch_model.bin'],
    [
      '--output <folder|file>',
      'Of a model: the folder to write, which must be new or empty. Of a file: the .safetensors file to write',
    ],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: [
    'convert --model allenai/longformer-base-4096 --output longformer',
    'convert --input pytorch_model.bin --output model.safetensors',
  ],
  run: runConvert,
};

async function runConvert(options: Options, context: Context): Promise<void> {
  const [model, input] = [text(options, 'model'), text(options, 'input')];
  if (model !== undefined && input !== undefined) {
    throw badArgument('--model and --input exclude each other, got both');
  }
  if (model === undefined && input === undefined) {
    const message = '--model or --input is required: what to convert';
    throw new AttnError('MISSING_INPUT', 'cli', message);
  }
  const output = requiredText(options, 'output', 'where to write');
  await (input === undefined
    ? convertModel(output, options, context)
    : convertFile(input, output, options, context));
}

/** Writes the tensors of a file as they are: names, order and dtypes. */
async function convertFile(input: string, output: string, options: Options, context: Context): Promise<void> {
  await checkOutput('output', output, options, ['input']);
  const { signal, progress } = context;
  const file = await openTensorFile(input);
  try {
    const stored = (name: string): StoredTensor => ({ ...file.spec(name), bytes: () => file.bytes(name) });
    await writeStoredTensors(output, new Map(file.names.map((name) => [name, stored(name)])), {
      metadata: file.metadata.size > 0 ? file.metadata : { format: 'pt' },
      signal,
      onProgress: ({ done, total }) => progress.update(`writing ${output}`, total === 0 ? 1 : done / total),
    });
    const size = file.names.reduce((sum, name) => sum + file.spec(name).byteLength, 0);
    const facts = { format: file.format, tensors: file.names.length, bytes: size, output };
    progress.clear();
    context.printJson(facts);
    context.print(
      fields([
        ['input', `${input} (${facts.format})`],
        ['tensors', `${facts.tensors}, ${bytes(size)}`],
        ['output', output],
      ]),
    );
  } finally {
    await file.dispose();
  }
}
