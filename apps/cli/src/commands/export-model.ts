/**
 * `attn export --model`: writes a whole model as an ONNX file. Its only input
 * is `input_ids`, or `inputs_embeds` in a model without word embeddings.
 */
import { basename, dirname, join } from 'node:path';
import type { TensorSpec } from '@attn/core';
import { exportOnnx } from '@attn/onnx/export';
import { badArgument, flag, integer, isSet, requiredText, text, type Options } from '../args.ts';
import type { Command, Context } from '../command.ts';
import { MODEL_OPTIONS, readGlobalTokens, readModel } from '../model.ts';
import { checkOutput, writeOutputFile } from '../output-file.ts';
import { bytes, extents } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';
import { ACTIVATIONS_OPTION, weightsInWords } from '../weights.ts';

/** Options that need `--model`. */
export const EXPORT_MODEL_OPTIONS: Command['options'] = [
  ...MODEL_OPTIONS,
  ACTIVATIONS_OPTION,
  ['--global-tokens <list>', 'Positions of global tokens of a model, e.g. 0,7 (default: the model’s rule)'],
  ['--data-file <name>', 'Put weights of a model into a file of this name beside --output'],
];

/** Options of the export of a pattern. A model decides these itself. */
const PATTERN_ONLY = [
  'pattern',
  'options',
  'heads',
  'kvHeads',
  'headDim',
  'valueDim',
  'lse',
  'queryLength',
  'keyLength',
  'queryOffset',
];

/** Runs the command with `--model`. */
export async function exportModel(options: Options, context: Context): Promise<void> {
  const output = requiredText(options, 'output', 'the .onnx file to write');
  for (const name of PATTERN_ONLY) {
    if (options[name] !== undefined)
      throw badArgument(`${flag(name)} is not for --model, which says it itself`);
  }
  requiredText(options, 'n', 'the number of tokens');
  const length = integer(options, 'n', { most: 2 ** 31 - 1 }) ?? 1;
  const batch = integer(options, 'batch', { most: 65_536 }) ?? 1;
  const globalTokens = readGlobalTokens(options);
  const portable = isSet(options, 'portable');
  const dataFile = readDataFile(options, output);
  await checkOutput('output', output, options, []);

  const loaded = await readModel(options, context);
  const { network, weights } = loaded;
  context.progress.update('lowering');
  const graph = network.fixedGraph({ batch, length, globalTokens });
  const exported = exportOnnx(graph, { portable, dataFile });
  context.progress.update(`writing ${output}`);
  const dataBytes = exported.data.reduce((sum, part) => sum + part.byteLength, 0);
  if (dataFile !== undefined)
    await writeOutputFile(join(dirname(output), dataFile), Buffer.concat(exported.data));
  await writeOutputFile(output, exported.model);
  context.progress.clear();

  const specs = (values: ReadonlyMap<string, number>): (readonly [string, TensorSpec])[] =>
    [...values].map(([name, id]) => [name, graph.values[id]] as const);
  const [inputs, outputs] = [specs(graph.inputs), specs(graph.outputs)];
  const shapes = Object.fromEntries([...inputs, ...outputs].map(([name, { shape }]) => [name, shape]));
  context.printJson({
    output,
    bytes: exported.model.byteLength,
    dataBytes,
    portable,
    architecture: network.architecture,
    weights,
    inputs: Object.fromEntries(exported.inputs),
    outputs: Object.fromEntries(exported.outputs),
    shapes,
  });
  context.print(
    fields([
      ['model', network.architecture],
      ['weights', weightsInWords(loaded)],
      ...[...inputs, ...outputs].map(
        ([name, { shape, dtype }]) => [name, `${extents(shape)} ${dtype}`] as const,
      ),
      ['output', `${output}, ${bytes(exported.model.byteLength)}`],
      ...(dataFile === undefined ? [] : ([['data', `${dataFile}, ${bytes(dataBytes)}`]] as const)),
    ]),
  );
}

/** Reads the name of the data file. It must be a plain name, because the model refers to a file beside it. */
function readDataFile(options: Options, output: string): string | undefined {
  const name = text(options, 'dataFile');
  if (name === undefined) return undefined;
  if (name !== basename(name)) throw badArgument(`--data-file must be a name beside --output, got ${name}`);
  if (name === basename(output))
    throw badArgument(`--data-file must not be the file of --output, got ${name}`);
  return name;
}
