/** `attn generate`: a causal language model continues a text, or ids in a file. */
import type { GenerateOptions } from '@attn/models/node';
import { openSafetensorsFile } from '@attn/safetensors/node';
import { badArgument, decimal, integer, requiredText, text, type Options } from '../args.ts';
import { BACKEND_HELP, readBackend, withAttn } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { MODEL_OPTIONS, readModelFor, readSource } from '../model.ts';
import { WEIGHT_OPTIONS } from '../weights.ts';
import { duration } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';

/** Default of `--max-new-tokens`. */
const NEW_TOKENS = 64;

/** The command. */
export const generate: Command = {
  name: 'generate',
  summary: 'Continue a text with a language model',
  options: [
    ...MODEL_OPTIONS,
    ...WEIGHT_OPTIONS,
    ['--prompt <text>', 'The text to continue'],
    ['--input <file>', 'Instead of a text: a .safetensors file with input_ids, [length] or [1, length]'],
    ['--max-new-tokens <count>', `Most tokens to add (default: ${NEW_TOKENS})`],
    [
      '--temperature <number>',
      'Logits are divided by it; 0 takes the likeliest token (default: 0, or 1 with --top-k, --top-p or --seed)',
    ],
    ['--top-k <count>', 'Draw from so many of the likeliest tokens only'],
    ['--top-p <number>', 'Draw from the fewest tokens that have this probability together'],
    ['--seed <number>', 'Equal seeds draw equal tokens (default: 0)'],
    ['--backend <name>', BACKEND_HELP],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: [
    'generate --model ./reformer --prompt "A few months later" --max-new-tokens 100 --temperature 0.8',
    'generate --model ./reformer --input ids.safetensors --json',
  ],
  run: runGenerate,
};

async function runGenerate(options: Options, context: Context): Promise<void> {
  // Everything cheap is checked before anything is read or computed.
  readSource(options);
  const generating = readOptions(options);
  const backend = readBackend(options);
  const prompt = await readPrompt(options);
  await withAttn(backend, context, async (attn) => {
    const { signal, progress } = context;
    const start = performance.now();
    const model = await readModelFor('generate', options, context, attn);
    const loaded = performance.now();
    const most = generating.maxNewTokens ?? NEW_TOKENS;
    let done = 0;
    progress.update('generating', 0);
    const onToken = (): void => {
      done += 1;
      progress.update('generating', done / most);
    };
    const generateOptions = { ...generating, maxNewTokens: most, backend, signal, onToken };
    const { ids, text: newText, promptTokens, end, backends } = await model.generate(prompt, generateOptions);
    const ms = performance.now() - loaded;
    const loadMs = loaded - start;
    progress.clear();
    const { architecture } = model.network;
    context.printJson({
      architecture,
      backends,
      promptTokens,
      ids,
      text: newText ?? null,
      end,
      loadMs,
      ms,
    });
    context.print(
      newText === undefined ? ids.join(' ') : `${typeof prompt === 'string' ? prompt : ''}${newText}`,
    );
    context.print('');
    context.print(
      fields([
        ['model', architecture],
        ['backend', backends.join(', ')],
        ['tokens', `${promptTokens} of the prompt, ${ids.length} new`],
        ['time', `${duration(ms)}; loaded in ${duration(loadMs)}`],
      ]),
    );
  });
}

function readOptions(options: Options): GenerateOptions {
  const topP = decimal(options, 'topP', { least: 0 });
  if (topP !== undefined && (topP === 0 || topP > 1)) {
    throw badArgument(`--top-p must be above 0 and at most 1, got ${topP}`);
  }
  return {
    maxNewTokens: integer(options, 'maxNewTokens'),
    temperature: decimal(options, 'temperature', { least: 0 }),
    topK: integer(options, 'topK'),
    topP,
    seed: integer(options, 'seed', { least: 0 }),
  };
}

/** Reads the text of `--prompt`, or the ids of `--input`. */
async function readPrompt(options: Options): Promise<string | readonly number[]> {
  const [prompt, path] = [text(options, 'prompt'), text(options, 'input')];
  if (prompt !== undefined && path !== undefined) throw badArgument('--prompt contradicts --input');
  if (prompt !== undefined) return prompt;
  const file = await openSafetensorsFile(
    requiredText(options, 'input', 'a file of ids, or --prompt with a text'),
  );
  try {
    const { shape, data, dtype } = await file.tensor('input_ids');
    const isRow = shape.length === 1 || (shape.length === 2 && shape[0] === 1);
    if (isRow && dtype !== 'f32' && dtype !== 'f16') return Array.from(data);
    throw badArgument(
      `input_ids of ${path} must be integers [length] or [1, length], got ${dtype} [${shape.join(', ')}]`,
    );
  } finally {
    await file.dispose();
  }
}
