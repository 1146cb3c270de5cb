/**
 * `attn export`: writes the attention of a pattern, or a whole model, as
 * an ONNX model, which any ONNX Runtime can run without this project.
 */
import { GraphBuilder, planAttention, type DType } from '@attn/core';
import { show } from '@attn/core/backend';
import { exportOnnx } from '@attn/onnx/export';
import { readOptions } from '../attention-options.ts';
import { badArgument, integer, isSet, requiredText, text, type Options } from '../args.ts';
import type { Command, Context } from '../command.ts';
import { checkOutput, writeOutputFile } from '../output-file.ts';
import { PATTERN_HELP, readPattern } from '../pattern.ts';
import { readSizes, SIZE_OPTIONS } from '../sizes.ts';
import { bytes, extents, percent } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';
import { EXPORT_MODEL_OPTIONS, exportModel } from './export-model.ts';

/** The command. */
export const exportCommand: Command = {
  name: 'export',
  summary: 'Write the attention of a pattern, or a whole model, as an ONNX model',
  options: [
    ['--pattern <json|file>', PATTERN_HELP],
    ...SIZE_OPTIONS,
    ['--kv-heads <count>', 'Number of key and value heads (default: as many as heads)'],
    ['--head-dim <count>', 'Numbers per head (default: 64)'],
    ['--value-dim <count>', 'Numbers per value (default: as in keys)'],
    [
      '--dtype <name>',
      'f32 (default) or f16, of inputs and output; of a model the form of its weights, such as q8',
    ],
    ['--options <json|file>', 'JSON with scale, softcap, score, layout (bhnd or bnhd)'],
    ['--lse', 'Also an output lse, the log-sum-exp of each row'],
    ['--portable', "Standard operators only, none of com.microsoft's"],
    ...EXPORT_MODEL_OPTIONS,
    ['--output <file>', 'The .onnx file to write'],
  ],
  examples: [
    `export --n 4096 --heads 8 --pattern '{"type":"slidingWindow","before":256,"after":256}' --output window.onnx`,
    `export --n 1024 --heads 8 --pattern '{"type":"causal"}' --portable --output causal.onnx --json`,
    `export --model allenai/longformer-base-4096 --n 4096 --global-tokens 0 --output longformer.onnx`,
  ],
  run: runExport,
};

async function runExport(options: Options, context: Context): Promise<void> {
  if (options.model !== undefined) return exportModel(options, context);
  const output = requiredText(options, 'output', 'the .onnx file to write');
  const { batch, heads, queryLength, keyLength, queryOffset } = readSizes(options);
  const kvHeads = integer(options, 'kvHeads', { most: 65_536 }) ?? heads;
  const headDim = integer(options, 'headDim', { most: 65_536 }) ?? 64;
  const valueDim = integer(options, 'valueDim', { most: 65_536 }) ?? headDim;
  const dtype = readDType(options);
  const [returnLse, portable] = [isSet(options, 'lse'), isSet(options, 'portable')];
  const attributes = { queryOffset, ...(await readOptions(options)), pattern: await readPattern(options) };
  const tables = Object.keys(attributes.score?.tables ?? {});
  if (tables.length > 0)
    throw badArgument(
      `--options: export takes a score without tables, got one that reads ${tables.join(', ')}`,
    );
  await checkOutput('output', output, options, ['pattern', 'options']);

  const builder = new GraphBuilder();
  const isBhnd = (attributes.layout ?? 'bhnd') === 'bhnd';
  const shapes = {
    q: [batch, ...(isBhnd ? [heads, queryLength] : [queryLength, heads]), headDim],
    k: [batch, ...(isBhnd ? [kvHeads, keyLength] : [keyLength, kvHeads]), headDim],
    v: [batch, ...(isBhnd ? [kvHeads, keyLength] : [keyLength, kvHeads]), valueDim],
  };
  const input = (name: keyof typeof shapes) => builder.input(name, { dtype, shape: shapes[name] });
  const operands = { q: input('q'), k: input('k'), v: input('v') };
  const { out, lse } = builder.attention(operands, { ...attributes, returnLse });
  const graph = builder.build(lse === undefined ? { out } : { out, lse });
  const { model, inputs, outputs } = exportOnnx(graph, { portable });
  const sizes = { batch, heads, queryLength, keyLength, queryOffset: attributes.queryOffset };
  const { computedPairs } = planAttention(sizes, attributes.pattern).stats;
  const share = computedPairs / (batch * heads * queryLength * keyLength);
  await writeOutputFile(output, model);

  context.printJson({
    output,
    bytes: model.byteLength,
    portable,
    computedShare: share,
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(outputs),
    shapes,
  });
  context.print(
    fields([
      ...Object.entries(shapes).map(([name, shape]) => [name, `${extents(shape)} ${dtype}`] as const),
      ['outputs', [...outputs.keys()].join(', ')],
      ['computed', `${percent(share)} of n²`],
      [
        'operators',
        portable ? 'of the standard only (opset 18)' : 'of the standard (opset 18) and com.microsoft',
      ],
      ['output', `${output}, ${bytes(model.byteLength)}`],
    ]),
  );
}

function readDType(options: Options): DType {
  const dtype = text(options, 'dtype') ?? 'f32';
  if (dtype === 'f32' || dtype === 'f16') return dtype;
  throw badArgument(`--dtype must be f32 or f16, got ${show(dtype)}`);
}
