/** `attn encode`: computes a model's outputs for ids in a file, or vectors of texts. */
import { AttnError, type Tensor } from '@attn/core';
import type { TokenBatch, VectorBatch } from '@attn/models/node';
import { openSafetensorsFile } from '@attn/safetensors/node';
import { badArgument, flag, isSet, requiredText, text, type Options } from '../args.ts';
import { BACKEND_HELP, readBackend } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { MODEL_OPTIONS, readGlobalTokens, readModel, readSource } from '../model.ts';
import { checkOutput } from '../output-file.ts';
import { withSite } from '../site.ts';
import { duration, extents } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';
import { weightsInWords, WEIGHT_OPTIONS } from '../weights.ts';
import {
  embed,
  readEncoding,
  readTexts,
  TEXT_OPTION_NAMES,
  TEXT_OPTIONS,
  writeOutputs,
} from './encode-texts.ts';

/** The command. */
export const encode: Command = {
  name: 'encode',
  summary: 'Run a model on token ids or texts',
  options: [
    ...MODEL_OPTIONS,
    ...WEIGHT_OPTIONS,
    [
      '--input <files>',
      'A .safetensors file with input_ids or inputs_embeds, or text files with commas between them',
    ],
    ['--output <file>', 'The .safetensors file to write'],
    ...TEXT_OPTIONS,
    [
      '--global-tokens <list>',
      'Positions of global tokens in every row, e.g. 0,7 (default: the model’s rule)',
    ],
    ['--input-ids <tensor>', 'Name of input_ids in the file'],
    ['--inputs-embeds <tensor>', 'Name of inputs_embeds in the file, for models without a table of words'],
    ['--attention-mask <tensor>', 'Name of attention_mask in the file'],
    ['--global-attention-mask <tensor>', 'Name of global_attention_mask in the file'],
    ['--token-type-ids <tensor>', 'Name of token_type_ids in the file'],
    ['--position-ids <tensor>', 'Name of position_ids in the file'],
    ['--backend <name>', BACKEND_HELP],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: [
    'encode --model allenai/longformer-base-4096 --input moby-dick.txt --output y.safetensors',
    'encode --model ./checkpoint --input ids.safetensors --output y.safetensors --json',
    'encode --model google/embeddinggemma-300m --input notes.txt --lines --as document --output y.safetensors',
  ],
  run: runEncode,
};

async function runEncode(options: Options, context: Context): Promise<void> {
  // Everything cheap is checked before anything is read or computed.
  readSource(options);
  const input = requiredText(options, 'input', 'a .safetensors file with input_ids, or text files');
  const output = requiredText(options, 'output', 'the .safetensors file to write');
  const backend = readBackend(options);
  const files = input.split(',').map((file) => file.trim());
  const isBatch = files.length === 1 && files[0].endsWith('.safetensors');
  const globalTokens = readGlobalTokens(options);
  refuseOthers(options, { isBatch });
  const encoding = { ...readEncoding(options), globalTokens };
  await checkOutput('output', output, options, ['input']);
  const batch = isBatch ? await readBatch(files[0], options, globalTokens) : undefined;
  const texts = isBatch ? [] : await readTexts(files, { perLine: isSet(options, 'lines') });

  await withSite(options, context, async (site) => {
    const { signal, progress } = context;
    const start = performance.now();
    await using model = await readModel(options, context, site.loading);
    const loaded = performance.now();
    progress.update('encoding', 0);
    const outputs =
      batch === undefined
        ? await embed(model, texts, { ...encoding, backend }, context)
        : { tensors: await model.run(batch, { backend, signal }) };
    const end = performance.now();
    progress.update(`writing ${output}`);
    await writeOutputs(output, outputs, signal);
    progress.clear();

    const { architecture } = model.network;
    const { backend: chosen, why } = site.ran() ?? { backend: 'none', why: 'nothing ran' };
    const [loadMs, ms] = [loaded - start, end - loaded];
    const { tensors, quantized } = outputs;
    const written = { ...tensors, ...(quantized && { quantized }) };
    const shapes = Object.fromEntries(Object.entries(written).map(([name, { shape }]) => [name, shape]));
    const { weights } = model;
    context.printJson({ architecture, weights, backend: chosen, shapes, loadMs, ms, output });
    context.print(
      fields([
        ['model', architecture],
        ['weights', weightsInWords(model)],
        ['backend', `${chosen} (${why})`],
        ...Object.entries(shapes).map(([name, shape]) => [name, extents(shape)] as const),
        ['time', `${duration(ms)}; loaded in ${duration(loadMs)}`],
        ['output', output],
      ]),
    );
  });
}

/** Refuses options that are for the other kind of input: the rows of a file of ids run unchanged. */
function refuseOthers(options: Options, { isBatch }: { readonly isBatch: boolean }): void {
  for (const name of isBatch ? TEXT_OPTION_NAMES : TENSORS.map(optionOf)) {
    if (options[name] === undefined) continue;
    throw badArgument(
      `${flag(name)} is for ${isBatch ? 'texts' : 'a file of ids'}, got ${isBatch ? 'a file of ids' : 'texts'}`,
    );
  }
}

const TENSORS = [
  'input_ids',
  'inputs_embeds',
  'attention_mask',
  'global_attention_mask',
  'token_type_ids',
  'position_ids',
] as const;

type TensorName = (typeof TENSORS)[number];

/** Name of the option for a tensor: `inputIds` for `input_ids`. */
function optionOf(tensor: string): string {
  return tensor.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Reads a file of ids or vectors, and masks. Optional tensors are read
 * if the file has them; a tensor that an option names must exist.
 */
async function readBatch(
  path: string,
  options: Options,
  globalTokens: readonly number[] | undefined,
): Promise<TokenBatch | VectorBatch> {
  const file = await openSafetensorsFile(path);
  try {
    const isNamed = (tensor: TensorName): boolean => text(options, optionOf(tensor)) !== undefined;
    const hasVectorsOnly = !file.has('input_ids') && file.has('inputs_embeds') && !isNamed('input_ids');
    const main = isNamed('inputs_embeds') || hasVectorsOnly ? 'inputs_embeds' : 'input_ids';
    const other = main === 'input_ids' ? 'inputs_embeds' : 'input_ids';
    const tensors: { [name in TensorName]?: Tensor } = {};
    for (const tensor of TENSORS) {
      const isWanted = tensor === main || isNamed(tensor) || (tensor !== other && file.has(tensor));
      if (isWanted) tensors[tensor] = await file.tensor(text(options, optionOf(tensor)) ?? tensor);
    }
    return main === 'input_ids' ? tokenBatch(tensors, globalTokens) : vectorBatch(tensors, globalTokens);
  } finally {
    await file.dispose();
  }
}

function tokenBatch(
  { input_ids: inputIds, global_attention_mask: globalMask, ...rest }: { [name in TensorName]?: Tensor },
  globalTokens: readonly number[] | undefined,
): TokenBatch {
  if (inputIds === undefined) throw new AttnError('INTERNAL', 'cli', 'input_ids must have been read');
  if (globalMask !== undefined && globalTokens !== undefined) {
    throw badArgument('--global-tokens contradicts the global_attention_mask of the file');
  }
  return {
    inputIds,
    attentionMask: rest.attention_mask,
    tokenTypeIds: rest.token_type_ids,
    positionIds: rest.position_ids,
    globalAttentionMask: globalMask ?? (globalTokens && maskOf(globalTokens, inputIds.shape)),
  };
}

/** Makes a batch of vectors, which has neither global tokens nor token types. */
function vectorBatch(
  { inputs_embeds: inputsEmbeds, attention_mask: attentionMask, ...rest }: { [name in TensorName]?: Tensor },
  globalTokens: readonly number[] | undefined,
): VectorBatch {
  if (inputsEmbeds === undefined) throw new AttnError('INTERNAL', 'cli', 'inputs_embeds must have been read');
  const [extra] = globalTokens === undefined ? Object.keys(rest) : ['--global-tokens'];
  if (extra !== undefined) throw badArgument(`${extra} is not for inputs_embeds, got both`);
  return { inputsEmbeds, attentionMask };
}

/** A mask that is 1 at these positions of every row. */
function maskOf(positions: readonly number[], shape: readonly number[]): Tensor {
  const length = shape[shape.length - 1];
  const outside = positions.find((position) => position >= length);
  if (outside !== undefined) throw badArgument(`--global-tokens must be below ${length}, got ${outside}`);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const isGlobal = new Set(positions);
  return {
    dtype: 'bool',
    shape,
    data: Uint8Array.from({ length: size }, (_, i) => Number(isGlobal.has(i % length))),
  };
}
