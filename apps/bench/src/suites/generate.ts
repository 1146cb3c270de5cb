/**
 * Generation: LED-base in real size with random weights, which reads a long text and writes a shorter one.
 * `--only wasm` measures this backend, `--only 4096` texts of so many tokens. The original in PyTorch is
 * measured where the variable `ATTN_PYTHON` names a Python that has it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sizeOf } from '@attn/core/backend';
import { LED_PRESETS, ledFamily, randomCheckpoint, writeCheckpoint } from '@attn/models/node';
import { chosen } from '../generate/chosen.ts';
import type { GenerateTask, GenerateTimes } from '../generate/generate-process.ts';
import { inProcess, overFloor, WINDOW } from '../generate/over-floor.ts';
import { steadiness } from '../generate/steadiness.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const BACKENDS = ['wasm', 'onnx'] as const;
const WHO = [...BACKENDS, 'pytorch'] as const;
type Who = (typeof WHO)[number];

const BEAMS = 4;

/** Sizes of a model. */
interface Sizes {
  readonly layers: number;
  readonly width: number;
  readonly inner: number;
  readonly words: number;
}

/** A model on disk, and the texts that it reads and writes. */
interface Stored {
  readonly folder: string;
  readonly sizes: Sizes;
  readonly weightBytes: number;
  readonly length: number;
  readonly steps: number;
}

export const generateSuite: Suite = {
  name: 'generate',
  describes: 'generation: LED-base, a step beside the bandwidth of memory, beams, memory',
  async run(options) {
    const home = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    try {
      options.log('generate: making checkpoints of random weights');
      const stored = await store(join(home, 'base'), options);
      const tables = [await decoding(stored, options)];
      const small = join(home, 'small');
      await writeCheckpoint(small, randomCheckpoint(ledFamily, smallConfig(options)));
      const backends = BACKENDS.filter((name) => chosenOnes(options).includes(name));
      tables.push(await steadiness({ name: 'LED', folder: small }, backends, options));
      return tables.filter(({ rows }) => rows.length > 0);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};

/** Who is measured; the original only where there is a Python. */
function chosenOnes(options: SuiteOptions): readonly Who[] {
  const { names } = chosen(options, WHO);
  return names.filter((name) => name !== 'pytorch' || process.env.ATTN_PYTHON !== undefined);
}

async function store(folder: string, options: SuiteOptions): Promise<Stored> {
  const { quick } = options;
  const layers = quick ? 2 : 6;
  const config = {
    ...LED_PRESETS['led-base'],
    encoder_layers: layers,
    decoder_layers: layers,
    attention_window: new Array<number>(layers).fill(1024),
    ...(quick && { vocab_size: 8192 }),
  };
  const checkpoint = randomCheckpoint(ledFamily, config);
  await writeCheckpoint(folder, checkpoint);
  const weightBytes = checkpoint.names.reduce(
    (sum, name) => sum + 4 * sizeOf(checkpoint.spec(name).shape),
    0,
  );
  const length = chosen(options, WHO).length ?? (quick ? 1024 : 16_384);
  const sizes = { layers, width: 768, inner: 3072, words: quick ? 8192 : 50_265 };
  return { folder, sizes, weightBytes, length, steps: quick ? 2 * WINDOW : 256 };
}

function smallConfig({ quick }: SuiteOptions) {
  return {
    ...LED_PRESETS['led-base'],
    d_model: 64,
    encoder_layers: 2,
    decoder_layers: 2,
    encoder_attention_heads: 4,
    decoder_attention_heads: 4,
    encoder_ffn_dim: 128,
    decoder_ffn_dim: 128,
    attention_window: [64, 64],
    vocab_size: 1024,
    max_encoder_position_embeddings: 64,
    max_decoder_position_embeddings: quick ? 512 : 4352,
  };
}

/** Runs the original. It reads no memory beside the steps, so that there is no floor. */
async function inPython(task: Omit<GenerateTask, 'backend'>): Promise<GenerateTimes> {
  const path = fileURLToPath(new URL('../../src/generate/pytorch_led.py', import.meta.url));
  const { stdout } = await promisify(execFile)(String(process.env.ATTN_PYTHON), [path, JSON.stringify(task)]);
  return {
    ...(JSON.parse(stdout) as Omit<GenerateTimes, 'bandwidths' | 'inPlaces'>),
    bandwidths: [],
    inPlaces: [],
  };
}

/** Bytes that a step reads: the decoder's weights, the words, the text's keys and values, the row's own. */
function stepBytes({ sizes, length }: Stored, rows: number, own: number): number {
  const { layers, width, inner, words } = sizes;
  const weights = layers * (6 * width * width + 2 * width * inner) + words * width;
  return 4 * (weights + cacheNumbers(sizes, length) + rows * cacheNumbers(sizes, own));
}

/** Keys and values of all layers for a row of so many tokens. */
function cacheNumbers({ layers, width }: Sizes, length: number): number {
  return 2 * layers * width * length;
}

async function decoding(stored: Stored, options: SuiteOptions): Promise<Table> {
  const { threads = 2 } = options;
  const { length, steps, sizes, weightBytes } = stored;
  const rows: Table['rows'][number][] = [];
  for (const who of chosenOnes(options)) {
    const common = { folder: stored.folder, threads, length };
    const run = (part: Pick<GenerateTask, 'steps' | 'beams'>): Promise<GenerateTimes> =>
      who === 'pytorch'
        ? inPython({ ...common, ...part })
        : inProcess('generate-process', { ...common, backend: who, ...part });
    options.log(`generate: the encoder, ${who}`);
    const encoder = await run({ steps: 0, beams: 1 });
    for (const beams of [1, BEAMS]) {
      options.log(`generate: ${beams} beams, ${who}`);
      const times = await run({ steps, beams });
      const bytesOf = (written: number): number => stepBytes(stored, beams, written);
      const [early, late] = [0, steps - WINDOW].map((from) => overFloor(times, bytesOf, from));
      const caches = 4 * (cacheNumbers(sizes, length) + beams * cacheNumbers(sizes, steps));
      rows.push({
        who: `${who === 'pytorch' ? 'PyTorch' : `@attn/${who}`}, ${beams === 1 ? 'greedy' : `${beams} beams`}`,
        'tokens in': length,
        'encoder, s': encoder.first / 1000,
        'to the first token, s': times.first / 1000,
        [`step, ms, 1–${WINDOW}`]: early.ms,
        [`step, ms, ${steps - WINDOW + 1}–${steps}`]: late.ms,
        'floor, ms': cellOf(late.floor),
        'read in 4 places, ms': cellOf(late.inPlaces),
        'first over floor': cellOf(early.ratio),
        'last over floor': cellOf(late.ratio),
        'encoder alone, peak, MB': encoder.peak / 1e6,
        'peak, MB': times.peak / 1e6,
        'beyond weights and caches, MB': (times.peak - weightBytes - caches) / 1e6,
      });
    }
  }
  const note =
    `${sizes.layers} layers, random weights, ${threads} threads, ${steps} tokens out, medians. The floor of a step is the time to read once the decoder's weights, the words, ` +
    'and the keys and values of both attentions, at the bandwidth that as many threads reach in the same process just before and after the step, reading in one place each. Reading in four places at the same time is faster on most processors. ' +
    'Targets: at most 1.3 times the floor, from the first step to the last; four beams at most twice a greedy step; at most 300 MB beyond weights and caches. ' +
    '"To the first token" includes the encoder, the projection of its states to keys and values, and one step.';
  return { title: 'Generation, LED-base', note, rows };
}

const cellOf = (value: number): number | string => (Number.isNaN(value) ? '' : value);
