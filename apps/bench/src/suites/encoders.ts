/**
 * Today's encoders in real size with random weights, beside the exported originals in ONNX Runtime, which
 * mask what their windows hide, and the originals in PyTorch where there is a Python. `--only 512,2048`
 * measures these lengths, `--only modernbert-base` this encoder.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GEMMA_EMBEDDING_PRESETS,
  gemmaEmbeddingFamily,
  MODERNBERT_PRESETS,
  modernBertFamily,
  randomCheckpoint,
  writeCheckpoint,
} from '@attn/models/node';
import { contest, type Result } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import { ms, spread, times } from '../rows.ts';
import { exported, model, pytorch } from '../subjects/index.ts';
import { placeExported, type Exported } from '../subjects/exported.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

/** A pass of PyTorch over 8,192 tokens takes more than a minute, and runs several times. */
const PATIENCE = 1_200_000;

/** Longest rows that the runtimes survive: at 4,096 the exported graph takes 5 GB, at 8,192 over 21 GB. */
const MOST = { node: 4096, web: 2048, python: 8192 } as const;

/** An encoder, and where it lies. */
interface Encoder {
  readonly name: Exported;
  readonly title: string;
  readonly folder: string;
  readonly path: string;
}

export const encodersSuite: Suite = {
  name: 'encoders',
  describes: "today's encoders beside the exported originals: ModernBERT-base, EmbeddingGemma-300m",
  async run(options) {
    const tables: Table[] = [];
    const items = String(options.only ?? '').split(',');
    const names = Object.keys(ENCODERS) as Exported[];
    const isNamed = names.some((name) => items.includes(name));
    for (const name of names.filter((name) => !isNamed || items.includes(name))) {
      const home = await mkdtemp(join(tmpdir(), 'attn-bench-'));
      try {
        options.log(`encoders: making a checkpoint of random weights, ${name}`);
        tables.push(...(await lengths(await place(home, name), options)));
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    }
    return tables;
  },
};

/** The vocabulary of the exported graphs. */
const SMALL_VOCABULARY = { vocab_size: 1024, pad_token_id: 0, bos_token_id: 1, eos_token_id: 2 };

const ENCODERS = {
  'modernbert-base': {
    title: 'ModernBERT-base',
    family: modernBertFamily,
    config: MODERNBERT_PRESETS['modernbert-base'],
  },
  'embeddinggemma-300m': {
    title: 'EmbeddingGemma-300m',
    family: gemmaEmbeddingFamily,
    config: GEMMA_EMBEDDING_PRESETS['embeddinggemma-300m'],
  },
};

async function place(home: string, name: Exported): Promise<Encoder> {
  const { title, family, config } = ENCODERS[name];
  const folder = join(home, name);
  await writeCheckpoint(folder, randomCheckpoint(family, { ...config, ...SMALL_VOCABULARY }));
  return { name, title, folder, path: placeExported(join(home, `${name}-exported`), name) };
}

async function lengths(encoder: Encoder, options: SuiteOptions): Promise<readonly Table[]> {
  const { threads = 2, only } = options;
  const all = options.quick ? [256] : [512, 1024, 2048, 4096, 8192];
  const items = String(only ?? '').split(',');
  const isNamed = all.some((n) => items.includes(String(n)));
  const list = all.filter((n) => !isNamed || items.includes(String(n)));
  const tables: Table[] = [];
  for (const n of list) {
    options.log(`encoders: ${encoder.title}, n = ${n}`);
    const subjects = subjectsOf(encoder, n, threads, options);
    const results = await contest(subjects, { ...options, patience: PATIENCE });
    tables.push({
      title: `${encoder.title}, n = ${n}`,
      note:
        `Real size, random weights, vocabulary of 1,024, ${threads} threads, interleaved. ` +
        'The exported originals compute all n² scores in every layer and mask them. ' +
        'Memory is the peak of a fresh process, weights and Node itself included.',
      rows: Object.entries(subjects).map(([key, subject]) => ({
        n,
        who: subject.name,
        ms: ms(results[key]),
        '± ms': spread(results[key]),
        'peak, MB': peakOf(results[key]),
        'onnx is faster by': times(results[key], results.onnx),
        'wasm is faster by': times(results[key], results.wasm),
      })),
    });
  }
  return tables;
}

function subjectsOf(
  { name, folder, path }: Encoder,
  n: number,
  threads: number,
  { quick }: SuiteOptions,
): Readonly<Record<string, Subject>> {
  return {
    onnx: tolerant(model(folder, n, 'onnx', threads)),
    wasm: tolerant(model(folder, n, 'wasm', threads)),
    ...(n <= MOST.node && { node: exported(path, n, 'node', threads) }),
    ...(n <= MOST.web && !quick && { web: exported(path, n, 'web', threads) }),
    ...(n <= MOST.python && process.env.ATTN_PYTHON !== undefined && { pytorch: pytorch(name, n, threads) }),
  };
}

/** Random weights of 24 layers, with norms before and after each part, multiply the rounding of the first. */
function tolerant(subject: Subject): Subject {
  return { ...subject, options: { ...subject.options, tolerance: 0.01 } };
}

function peakOf(result: Result): number | string {
  return result.failed === undefined ? result.memory.peakRss / 1e6 : '';
}
