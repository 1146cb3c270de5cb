/**
 * `attn demo`, which is also `npm run demo`: runs a book through a whole model, or through attention alone.
 */
import { badArgument, flag, isSet, type Options } from '../args.ts';
import { BACKEND_HELP } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { LENGTHS, PICTURE, runAttentionDemo } from '../demo/attention-demo.ts';
import { runEncodeDemo } from '../demo/encode-demo.ts';
import { MODEL_OPTIONS } from '../model.ts';
import { WEIGHT_OPTIONS, WEIGHT_OPTION_NAMES } from '../weights.ts';

/** The command. */
export const demo: Command = {
  name: 'demo',
  summary: 'Encode Moby-Dick with a whole Longformer, or run attention alone over it, beside dense attention',
  options: [
    ...MODEL_OPTIONS.map(([name, what]): [string, string] => [
      name,
      name.startsWith('--model') ? `${what} (default: a small Longformer of random weights)` : what,
    ]),
    ...WEIGHT_OPTIONS,
    ['--attention', 'Attention alone instead of a model, at several lengths, checked against float64'],
    [
      '--n <counts>',
      `How many bytes of the book (default: all); with --attention lengths, separated by commas (default: ${LENGTHS.join(',')})`,
    ],
    [
      '--pattern <json|file>',
      `With --attention: another pattern or system than Longformer's, such as '{"type":"lsh"}'`,
    ],
    ['--out <file>', `With --attention: where to write the picture of the pattern (default: ${PICTURE})`],
    ['--backend <name>', BACKEND_HELP],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: [
    'demo',
    'demo --model allenai/longformer-base-4096 --n 50000',
    'demo --dtype q8',
    'demo --attention --n 8192 --backend cpu',
    `demo --attention --pattern '{"type":"lsh","rounds":4,"causal":true}'`,
    'demo --json',
  ],
  run: runDemo,
};

/** Options that need `--attention`. */
const ATTENTION_ONLY = ['pattern', 'out'];

/** Options that contradict `--attention`. */
const MODEL_ONLY = [
  'model',
  'architecture',
  'revision',
  'token',
  'hubUrl',
  'cache',
  'offline',
  ...WEIGHT_OPTION_NAMES,
];

async function runDemo(options: Options, context: Context): Promise<void> {
  const isAttention = isSet(options, 'attention');
  for (const name of isAttention ? MODEL_ONLY : ATTENTION_ONLY) {
    if (options[name] === undefined) continue;
    const message = isAttention
      ? `${flag(name)} contradicts --attention, which runs no model`
      : `${flag(name)} needs --attention: a model has its own attention`;
    throw badArgument(message);
  }
  await (isAttention ? runAttentionDemo : runEncodeDemo)(options, context);
}
