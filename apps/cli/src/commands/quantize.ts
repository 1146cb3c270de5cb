/** `attn quantize`: writes a model with its matrices and tables as halves, or as codes of 8 or 4 bits. */
import { quantizeCheckpoint, type WeightDtype } from '@attn/models/node';
import { requiredText, type Options } from '../args.ts';
import type { Command, Context } from '../command.ts';
import { SOURCE_OPTIONS } from '../model.ts';
import { parseDtype } from '../weights.ts';
import { convertModel } from './convert-model.ts';

/** The command. */
export const quantize: Command = {
  name: 'quantize',
  summary: 'Write a model with weights of 16, 8 or 4 bits',
  options: [
    ...SOURCE_OPTIONS,
    ['--dtype <form>', 'f16, bf16, q8, q4, f32, or JSON such as {"linear":"q4","embeddings":"q8"}'],
    ['--output <folder>', 'The folder to write, which must be new or empty'],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: ['quantize --model sentence-transformers/all-MiniLM-L6-v2 --dtype q8 --output minilm-q8'],
  run: runQuantize,
};

async function runQuantize(options: Options, context: Context): Promise<void> {
  const form = requiredText(options, 'dtype', 'f16, bf16, q8, q4, f32 or JSON');
  const output = requiredText(options, 'output', 'the folder to write to');
  const dtype = parseDtype(form) as WeightDtype;
  await convertModel(output, options, context, (checkpoint) => quantizeCheckpoint(checkpoint, { dtype }));
}
