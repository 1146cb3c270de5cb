/** `attn run`: one attention call, from a file of tensors to a file of tensors. */
import type { Score, Tensor } from '@attn/core';
import { openSafetensorsFile, writeSafetensorsFile } from '@attn/safetensors/node';
import { flag, requiredText, type Options } from '../args.ts';
import { BACKEND_HELP, readBackend, whyChosen, withAttn } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { readOptions } from '../attention-options.ts';
import type { SystemOption } from '../calls/call.ts';
import { INPUT_NAMES, readSystemOption } from '../calls/index.ts';
import { readIgnored, readInputs, readTables } from '../inputs.ts';
import { PATTERN_HELP } from '../pattern.ts';
import { duration, extents, percent } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';
import { checkOutput } from '../output-file.ts';

/** The command. */
export const run: Command = {
  name: 'run',
  summary: 'Run attention on tensors in a .safetensors file',
  options: [
    ['--input <file>', 'A .safetensors file with q, k, v and any optional input'],
    ['--pattern <json|file>', `${PATTERN_HELP}; or a system: '{"type":"lsh"}', '{"type":"linformer"}'`],
    ['--options <json|file>', 'JSON with scale, queryOffset, softcap, score, layout (bhnd or bnhd)'],
    ['--backend <name>', BACKEND_HELP],
    ['--output <file>', 'Where to write out and lse'],
    ...INPUT_NAMES.map(
      (name) => [`${flag(name)} <tensor>`, `Name of ${name} in the file (default: ${name})`] as const,
    ),
    ['--ignore <names>', 'Optional inputs to leave out though the file has them, e.g. bias,keyMask'],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: [
    `run --input qkv.safetensors --pattern '{"type":"causal"}' --output out.safetensors`,
    `run --input qkv.safetensors --pattern longformer.json --options '{"layout":"bnhd"}' --output out.safetensors`,
    `run --input in.safetensors --q in.q --k in.k --v in.v --key-mask in.padding --pattern '{"type":"full"}' --output out.safetensors --json`,
    `run --input qkv.safetensors --pattern '{"type":"causal"}' --options '{"score":["add","s",["table","bias",["sub","q","k"]]]}' --output out.safetensors`,
    `run --input qkv.safetensors --pattern '{"type":"linformer","projection":"meanPool","k":256}' --output out.safetensors`,
    `run --input qv.safetensors --pattern '{"type":"lsh","rounds":4,"causal":true}' --output out.safetensors`,
  ],
  run: runRun,
};

async function runRun(options: Options, context: Context): Promise<void> {
  const { signal, progress } = context;
  // Everything cheap is checked before anything is read or computed.
  const input = requiredText(options, 'input', 'a .safetensors file');
  const output = requiredText(options, 'output', 'the .safetensors file to write');
  const backend = readBackend(options);
  const { kind } = await readSystemOption(options);
  const attributes = await readOptions(options);
  const ignored = readIgnored(options, kind, INPUT_NAMES);
  await checkOutput('output', output, options, ['input', 'pattern', 'options']);

  progress.update(`reading ${input}`);
  const inputs = await readTensors(input, kind, options, { ignored, score: attributes.score });

  const { call, cost } = kind.prepare(inputs, attributes); // finds every mistake in them
  progress.update('planning');
  const { share, planMs } = await cost(signal);

  await withAttn(backend, context, async (attn) => {
    progress.update('attention', 0);
    const onProgress = ({ done, total }: { done: number; total: number }) =>
      progress.update('attention', done / total);
    const start = performance.now();
    const result = await attn.run(call, { backend, signal, onProgress });
    const ms = performance.now() - start;

    progress.update(`writing ${output}`);
    await writeSafetensorsFile(output, { out: result.out, lse: result.lse }, { signal });
    progress.clear();
    const why = whyChosen(attn, result.backend, { byName: backend !== undefined });
    const shapes = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, tensor.shape]));
    context.printJson({
      backend: result.backend,
      why,
      shapes: { ...shapes, out: result.out.shape, lse: result.lse.shape },
      ms,
      planMs,
      computedShare: share,
      output,
    });
    context.print(
      fields([
        ['backend', `${result.backend} (${why})`],
        ...Object.entries(inputs).map(
          ([name, { dtype, shape }]) => [name, `${extents(shape)} ${dtype}`] as const,
        ),
        ['out', `${extents(result.out.shape)} ${result.out.dtype}`],
        ['time', duration(ms)],
        ['computed', `${percent(share)} of n²; planned in ${duration(planMs)}`],
        ['output', output],
      ]),
    );
  });
}

/** Reads the tensors of a call and the tables of its score from a file. */
async function readTensors(
  path: string,
  kind: SystemOption,
  options: Options,
  { ignored, score }: { readonly ignored: readonly string[]; readonly score: Score | undefined },
): Promise<Readonly<Record<string, Tensor>>> {
  const file = await openSafetensorsFile(path);
  try {
    // A table has a name of its own: a tensor that is one is no input of that name.
    const used = [...ignored, ...Object.keys(score?.tables ?? {})];
    return { ...(await readInputs(file, kind, options, used)), ...(await readTables(file, score)) };
  } finally {
    await file.dispose();
  }
}
