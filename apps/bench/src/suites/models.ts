/** Whole models: Longformer-base in real size with random weights, from its files to its states. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sizeOf } from '@attn/core/backend';
import {
  BERT_PRESETS,
  bertFamily,
  longformerFamily,
  randomCheckpoint,
  writeCheckpoint,
} from '@attn/models/node';
import { executable, file, matmul, model, windowOf } from '../subjects/index.ts';
import { simdPeak } from '../ceilings.ts';
import { contest, type Result } from '../contest/contest.ts';
import type { Subject, ProblemSpec } from '../contest/protocol.ts';
import { usefulFlops } from '../flops.ts';
import { longformerConfig } from '../longformer.ts';
import { gflops, ms, share, spread, times } from '../rows.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const BACKENDS = ['wasm', 'onnx'] as const;
const THREADS = [1, 2] as const;

/** A forward pass may take a minute on one thread, and runs twice before the first answer. */
const PATIENCE = 900_000;

/**
 * Seconds of Hugging Face's LongformerModel in PyTorch at n = 4,096
 * on another machine (2 cores with AVX2), by threads.
 */
const PYTORCH: Readonly<Record<number, number>> = { 1: 27.2, 2: 20.8 };

/** Rows of the square MatMul that stands for the native rate. */
const rowsOfMatmul = ({ quick }: SuiteOptions): number => (quick ? 512 : 2048);

/** A model on disk. */
interface Stored {
  readonly folder: string;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly inner: number;
  readonly weightBytes: number;
}

export const modelsSuite: Suite = {
  name: 'models',
  describes: 'whole models: Longformer-base',
  async run(options) {
    const home = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    try {
      options.log('models: making checkpoints of random weights');
      const base = await store(join(home, 'base'), 4098, options);
      const tables = [await forward(base, options), await attentionShare(base, options)];
      tables.push(await short(base, join(home, 'roberta'), options));
      tables.push(await loading(base, options));
      await rm(base.folder, { recursive: true });
      const long = await store(join(home, 'long'), 16_386, options);
      return [...tables, await lengths(long, options)];
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};

/** Longformer-base, or one layer of it with a small vocabulary. */
async function store(folder: string, positions: number, { quick }: SuiteOptions): Promise<Stored> {
  const config = longformerConfig(positions, { quick });
  const checkpoint = randomCheckpoint(longformerFamily, config);
  await writeCheckpoint(folder, checkpoint);
  // Projections for global tokens are read, and count, even if no token is global.
  const weightBytes = checkpoint.names.reduce(
    (sum, name) => sum + 4 * sizeOf(checkpoint.spec(name).shape),
    0,
  );
  return { folder, layers: config.num_hidden_layers, hidden: 768, heads: 12, inner: 3072, weightBytes };
}

/** The attention of one layer. */
function attentionOf({ hidden, heads }: Stored, n: number): ProblemSpec {
  return { n, heads, headDim: hidden / heads, pattern: windowOf(256) };
}

/**
 * Operations of the model: four projections, the two products of the
 * feed-forward part, and the pairs that the window allows.
 */
function flopsOf(stored: Stored, n: number): { all: number; attention: number } {
  const { layers, hidden, inner } = stored;
  const attention = layers * usefulFlops(attentionOf(stored, n));
  const dense = layers * 2 * n * (4 * hidden * hidden + 2 * hidden * inner);
  return { all: dense + attention, attention };
}

async function forward(stored: Stored, options: SuiteOptions): Promise<Table> {
  const n = options.quick ? 256 : 4096;
  options.log(`models: forward, n = ${n}`);
  const square = rowsOfMatmul(options);
  const subjects: Record<string, Subject> = {};
  for (const threads of THREADS) subjects[`matmul ${threads}`] = matmul(square, threads);
  const entries = BACKENDS.flatMap((backend) => THREADS.map((threads) => ({ backend, threads })));
  for (const { backend, threads } of entries) {
    subjects[`${backend} ${threads}`] = model(stored.folder, n, backend, threads);
  }
  const results = await contest(subjects, { ...options, patience: PATIENCE });
  const flops = flopsOf(stored, n).all;
  return {
    title: 'Longformer-base, forward',
    note:
      `${stored.layers} layers, n = ${n.toLocaleString('en-US')}, window 512, no global tokens, ${(flops / 1e9).toFixed(1)}·10⁹ operations (projections, feed-forward, the pairs that the window allows). ` +
      `The peak is, for WebAssembly, the SIMD peak of one thread (${simdPeak().toFixed(1)} GFLOP/s in this run) times the threads, target ≥ 0.65; for ONNX Runtime, what a MatMul of ${square}³ ` +
      'reaches in onnxruntime-node with as many threads in the same rounds, target ≥ 0.55. "Beyond weights" is the peak of a fresh process after loading and one run, Node itself included, ' +
      `less ${(stored.weightBytes / 1e6).toFixed(0)} MB of weights; target ≤ 300 MB. PyTorch (Hugging Face, n = 4,096) was measured elsewhere, on a 2-core AVX2 machine.`,
    rows: entries.map(({ backend, threads }) => {
      const key = `${backend} ${threads}`;
      const result = results[key];
      const rate = gflops(result, flops);
      const native = gflops(results[`matmul ${threads}`], 2 * square ** 3);
      const peak = backend === 'wasm' ? threads * simdPeak() : native;
      const own = ms(result);
      return {
        n,
        who: subjects[key].name,
        ms: own,
        '± ms': spread(result),
        'GFLOP/s': rate,
        'peak, GFLOP/s': peak,
        'share of peak': typeof peak === 'number' ? share(rate, peak) : '',
        'beyond weights, MB': beyondWeights(result, stored),
        'faster than PyTorch':
          options.quick || typeof own !== 'number' ? '' : (1000 * PYTORCH[threads]) / own,
        'greatest error': result.failed === undefined ? result.error : '',
      };
    }),
  };
}

function beyondWeights(result: Result, { weightBytes }: Stored): number | string {
  return result.failed === undefined ? (result.memory.peakRss - weightBytes) / 1e6 : '';
}

async function attentionShare(stored: Stored, options: SuiteOptions): Promise<Table> {
  const n = options.quick ? 256 : 4096;
  const subjects: Record<string, Subject> = {};
  for (const backend of BACKENDS) {
    options.log(`models: attention's share, ${backend}`);
    subjects[`${backend} whole`] = model(stored.folder, n, backend, 1);
    subjects[`${backend} attention`] = executable(attentionOf(stored, n), backend, 1);
  }
  const results = await contest(subjects, { ...options, patience: PATIENCE });
  const flops = flopsOf(stored, n);
  return {
    title: "Longformer-base, attention's share",
    note:
      `One thread, n = ${n.toLocaleString('en-US')}. The attention of one layer as a graph of its own, times ${stored.layers}, over the whole model in the same rounds. ` +
      'By itself it also pays for q, k, v and the result going in and out, so that the share is, if anything, too large.',
    rows: BACKENDS.map((backend) => {
      const [whole, part] = [results[`${backend} whole`], results[`${backend} attention`]];
      const ratio = times(part, whole);
      return {
        n,
        who: subjects[`${backend} whole`].name,
        ms: ms(whole),
        'attention of a layer, ms': ms(part),
        '± ms': spread(part),
        'share of time': typeof ratio === 'number' ? stored.layers * ratio : '',
        'share of operations': flops.attention / flops.all,
      };
    }),
  };
}

/** A short text, which should cost what it costs in the short model that Longformer was made of. */
async function short(stored: Stored, folder: string, options: SuiteOptions): Promise<Table> {
  const n = 64;
  options.log(`models: short, n = ${n}`);
  const config = {
    ...BERT_PRESETS['roberta-base'],
    num_hidden_layers: stored.layers,
    ...(options.quick && { vocab_size: 1024 }),
  };
  await writeCheckpoint(folder, randomCheckpoint(bertFamily, config));
  const models = { 'Longformer-base': stored.folder, 'RoBERTa-base': folder };
  const rows: Table['rows'][number][] = [];
  for (const backend of BACKENDS) {
    const entries = Object.entries(models).map(([name, path]) => [name, model(path, n, backend, 2)] as const);
    const results = await contest(Object.fromEntries(entries), options);
    for (const [name, subject] of entries) {
      rows.push({
        n,
        who: `${name}, ${subject.name}`,
        ms: ms(results[name]),
        '± ms': spread(results[name]),
        'over RoBERTa': times(results[name], results['RoBERTa-base']),
      });
    }
  }
  await rm(folder, { recursive: true });
  return { title: 'A short text', note: 'Random weights, two threads.', rows };
}

async function loading({ folder }: Stored, options: SuiteOptions): Promise<Table> {
  options.log('models: loading');
  const { size } = await stat(join(folder, 'model.safetensors'));
  const parts = ['load', 'loadInMemory', 'read'] as const;
  const subjects = {
    load: file('load', folder),
    loadInMemory: file('loadInMemory', folder),
    read: file('read', folder),
  };
  const results = await contest(subjects, { ...options, patience: PATIENCE });
  return {
    title: 'Longformer-base, loading',
    note:
      `\`loadModel\` of a folder with ${(size / 1e6).toFixed(0)} MB of f32: checked, the large weights left on disk until a backend needs them, or all of them read into tensors. ` +
      "And the same file read at once into one buffer, all from the system's cache. Target ≤ 3×.",
    rows: parts.map((name) => ({
      who: subjects[name].name,
      ms: ms(results[name]),
      '± ms': spread(results[name]),
      'over reading': times(results[name], results.read),
    })),
  };
}

async function lengths(stored: Stored, options: SuiteOptions): Promise<Table> {
  const list = options.quick ? [256, 512] : [1024, 2048, 4096, 8192, 16_384];
  const rows: Table['rows'][number][] = [];
  for (const backend of BACKENDS) {
    options.log(`models: lengths, ${backend}`);
    const subjects: Record<string, Subject> = Object.fromEntries(
      list.map((n) => [n, model(stored.folder, n, backend, 2)]),
    );
    const rounds = Math.min(3, options.rounds);
    const results = await contest(subjects, { ...options, rounds, patience: PATIENCE });
    for (const n of list) {
      const own = ms(results[n]);
      const ratio = times(results[n], results[list[0]]);
      rows.push({
        n,
        who: subjects[n].name,
        ms: own,
        '± ms': spread(results[n]),
        'µs a token': typeof own === 'number' ? (1000 * own) / n : '',
        [`a token over n = ${list[0]}`]: typeof ratio === 'number' ? (ratio * list[0]) / n : '',
        'beyond weights, MB': beyondWeights(results[n], stored),
      });
    }
  }
  return {
    title: 'Longformer-base, linear in n',
    note: `${stored.layers} layers, window 512, two threads, position embeddings extended to 16,384.`,
    rows,
  };
}
