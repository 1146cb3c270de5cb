/**
 * `attn demo`: encodes a whole novel with a whole Longformer, and says
 * how long that takes, and how long it takes with dense attention.
 */
import { i32, type Attn } from '@attn/core';
import { Longformer, LoadedModel, type Encoder, type EncodeInput, type TokenBatch } from '@attn/models/node';
import { integer, text, type Options } from '../args.ts';
import { readBackend, whyChosen, withAttn } from '../backends.ts';
import type { Context } from '../command.ts';
import { readModelFor } from '../model.ts';
import { bytes, count, duration, extents } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';
import { readWeightOptions, weightsInWords } from '../weights.ts';
import { readBook } from './book.ts';
import { randomModel, wordIds } from './random-model.ts';

/** The backend whose results others are compared with. */
const PLAIN = 'cpu';

/** Dense attention is not measured when the model's own attention takes longer than this for a window. */
const PATIENCE_MS = 10_000;

/**
 * Tokens that plain JavaScript computes too: more than a window for the
 * demo's random model, for the user's own model as many as take seconds.
 */
const CHECKED_TOKENS = { own: 64, random: 640 } as const;

/** Result of the comparison with plain JavaScript. */
interface Check {
  readonly tokens: number;
  /** Greatest difference of a state. */
  readonly error: number;
}

/** Milliseconds of one full window, with the model's own attention and with dense attention. */
interface Comparison {
  readonly length: number;
  readonly ms: number;
  /** Undefined when it would take too long. */
  readonly denseMs: number | undefined;
}

/** Runs the demo. Errors: those of the options, the model, the backends and the run. */
export async function runEncodeDemo(options: Options, context: Context): Promise<void> {
  const book = await readBook();
  const length = integer(options, 'n', { most: book.bytes.length }) ?? book.bytes.length;
  const backend = readBackend(options);
  const isOwn = text(options, 'model') !== undefined;
  const { signal, progress } = context;
  await withAttn(backend, context, async (attn) => {
    const begin = performance.now();
    const { loaded, weights, inWords } = isOwn
      ? await ownModel(options, context, attn)
      : await madeModel(options, context, attn);
    const loadMs = performance.now() - begin;
    const input = inputOf(loaded, new TextDecoder().decode(book.bytes.subarray(0, length)));
    const name = `${describe(loaded)}${isOwn ? '' : ', random weights'}`;
    context.print(`${book.title}, ${count(length)} bytes, through ${name}.\n`);

    progress.update('encoding', 0);
    const start = performance.now();
    let windows = 1;
    const result = await loaded.encode(input, {
      backend,
      signal,
      onProgress: ({ done, total, unit }) => {
        if (unit === 'characters') return progress.update('tokenizing', done / total);
        windows = total;
        progress.update(`encoding: window ${done} of ${total}`, done / total);
      },
      onWarning: () => {}, // the number of windows is printed below
    });
    const ms = performance.now() - start;
    const peakBytes = 1024 * process.resourceUsage().maxRSS;
    const [tokens] = result.tokens;
    const ran = result.backends.join(', ');
    const [first] = result.backends;
    const chosen = whyChosen(attn, first, { byName: backend !== undefined });
    const why = backend === undefined ? `${chosen}, for the last window` : chosen;
    const window = Math.min(tokens, loaded.network.maxLength);
    const compared = await compare(loaded, attn, window, first, context);
    const most = CHECKED_TOKENS[isOwn ? 'own' : 'random'];
    const checked = await check(loaded, Math.min(window, most), first, context);
    loaded.dispose();
    progress.clear();

    const { architecture } = loaded.network;
    const { shape } = result.embeddings;
    const tokensPerSecond = (1000 * tokens) / ms;
    context.printJson({
      text: book.title,
      bytes: length,
      architecture,
      weights,
      backend: ran,
      tokens,
      windows,
      shape,
      loadMs,
      ms,
      tokensPerSecond,
      peakBytes,
      ...(compared && { window: compared }),
      ...(checked && { checked }),
    });
    context.print(
      fields([
        ['model', `${name}; ${isOwn ? 'loaded' : 'made'} in ${duration(loadMs)}`],
        ['weights', inWords],
        ['backend', `${ran} (${why})`],
        [
          'tokens',
          `${count(tokens)} in ${count(windows)} windows of at most ${count(loaded.network.maxLength)}`,
        ],
        ['time', `${duration(ms)}, ${count(Math.round(tokensPerSecond))} tokens a second`],
        ['memory', `${bytes(peakBytes)}, the peak of the process`],
        ['vector', extents(shape)],
        ...(compared ? [['dense', beside(compared)] as const] : []),
        ...(checked ? [['checked', agreement(checked)] as const] : []),
      ]),
    );
    if (isOwn) return;
    context.print(
      '\nA word or a mark is a token; vectors of random weights mean nothing. A model that has learnt something:\n' +
        '  npm run demo -- --model allenai/longformer-base-4096 --n 50000\n' +
        'Weights of 8 bits, a quarter as large:\n' +
        '  npm run demo -- --dtype q8\n' +
        'Attention alone, up to 65,536 tokens, checked against float64:\n' +
        '  npm run demo -- --attention',
    );
  });
}

/** A model, and what its weights are: for programs, and in words. */
interface DemoModel {
  readonly loaded: Encoder;
  readonly weights: unknown;
  readonly inWords: string;
}

/** The user's model. */
async function ownModel(options: Options, context: Context, attn: Attn): Promise<DemoModel> {
  const loaded = await readModelFor('encode', options, context, attn);
  return { loaded, weights: loaded.weights, inWords: weightsInWords(loaded) };
}

/** The demo's own model. */
async function madeModel(options: Options, { signal, progress }: Context, attn: Attn): Promise<DemoModel> {
  const form = readWeightOptions(options);
  const { model, weightBytes } = await randomModel(attn, form, signal, ({ done, total }) =>
    progress.update('making weights', done / total),
  );
  const dtype = form.dtype === undefined || form.dtype === 'auto' ? 'f32' : form.dtype;
  const words = typeof dtype === 'string' ? dtype : JSON.stringify(dtype);
  return {
    loaded: model,
    weights: { dtype, bytes: weightBytes },
    inWords: `${words}, ${bytes(weightBytes)}`,
  };
}

/** A description of the model: `LongformerModel, 4 layers × 256, window 512`. */
function describe({ network }: LoadedModel): string {
  if (!(network instanceof Longformer)) return network.architecture;
  const { windows, hiddenSize } = network.config;
  const sizes = [...new Set(windows.map(({ oneSided }) => 2 * oneSided))];
  return `${network.architecture}, ${windows.length} layers × ${hiddenSize}, window ${sizes.join(', ')}`;
}

/** The input of the model: the text, or the ids of its words for a Longformer without a tokenizer. */
function inputOf({ network, tokenizer }: LoadedModel, content: string): EncodeInput {
  return tokenizer === undefined && network instanceof Longformer
    ? wordIds(content, network.config.vocabSize)
    : content;
}

/**
 * Times one full window with the model's own attention, and with
 * dense attention instead; undefined for models without windows.
 */
async function compare(
  { network }: LoadedModel,
  attn: Attn,
  length: number,
  backend: string,
  { signal, progress }: Context,
): Promise<Comparison | undefined> {
  if (!(network instanceof Longformer)) return undefined;
  const batch = someWords(length, network.config.vocabSize);
  const time = async (longformer: Longformer): Promise<number> => {
    const loaded = new LoadedModel(longformer, undefined, attn);
    const once = async (): Promise<number> => {
      const start = performance.now();
      await loaded.run(batch, { backend, signal });
      return performance.now() - start;
    };
    try {
      await once(); // compiles
      return await once();
    } finally {
      loaded.dispose();
    }
  };
  progress.update('one window again');
  const ms = await time(network);
  if (ms > PATIENCE_MS) return { length, ms, denseMs: undefined };
  progress.update('one window with dense attention');
  const windows = network.config.windows.map(() => ({ oneSided: length, dilation: 1 }));
  const dense = new Longformer({ ...network.config, windows }, network.weights);
  return { length, ms, denseMs: await time(dense) };
}

/** Compares the states of some words with those of plain JavaScript; undefined if that is the backend. */
async function check(
  loaded: LoadedModel,
  tokens: number,
  backend: string,
  { signal, progress }: Context,
): Promise<Check | undefined> {
  const { network } = loaded;
  if (!(network instanceof Longformer) || backend === PLAIN) return undefined;
  const batch = someWords(tokens, network.config.vocabSize);
  progress.update('some words in plain JavaScript');
  const [got, expected] = [
    (await loaded.run(batch, { backend, signal })).last_hidden_state.data,
    (await loaded.run(batch, { backend: PLAIN, signal })).last_hidden_state.data,
  ];
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(got[i] - expected[i]);
    if (!(difference <= error)) error = difference; // NaN, too
  }
  return { tokens, error };
}

/** A batch of one row of different words. */
function someWords(length: number, vocabSize: number): TokenBatch {
  const ids = Int32Array.from({ length }, (_, i) => vocabSize - 1 - ((i * 7919) % (vocabSize >> 1)));
  return { inputIds: i32([1, length], ids) };
}

function agreement({ tokens, error }: Check): string {
  return `the states of ${count(tokens)} words differ by at most ${error.toExponential(1)} from plain JavaScript's`;
}

function beside({ length, ms, denseMs }: Comparison): string {
  const window = `a window of ${count(length)} tokens takes ${duration(ms)}`;
  if (denseMs === undefined) return `${window}; not measured with dense attention`;
  return `${window}, and ${duration(denseMs)} with dense attention (${(denseMs / ms).toPrecision(2)}×)`;
}
