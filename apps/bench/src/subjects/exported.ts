/** The original of an encoder as PyTorch exports it, in a plain session of ONNX Runtime. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mulberry32 } from '@attn/core/backend';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';

/** An encoder whose exported graph is in `graphs/`. */
export type Exported = 'modernbert-base' | 'embeddinggemma-300m';

const WEIGHT_BYTES: Readonly<Record<Exported, number>> = {
  'modernbert-base': 444_337_152,
  'embeddinggemma-300m': 408_949_760,
};

const CHUNK = 2 ** 20;

/** Numbers of a state. */
const HIDDEN = 768;

/** Puts the graph of an encoder, and random weights for it, into a folder; returns the path of the graph. */
export function placeExported(folder: string, name: Exported): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.onnx`);
  copyFileSync(fileURLToPath(new URL(`../../graphs/${name}.onnx`, import.meta.url)), path);
  const weights = join(folder, 'weights.bin');
  if (existsSync(weights)) return path;
  const random = mulberry32(1);
  const values = Float32Array.from({ length: CHUNK }, () => (random() - 0.5) * 0.06);
  const file = openSync(`${weights}.part`, 'w');
  for (let rest = WEIGHT_BYTES[name]; rest > 0; rest -= 4 * CHUNK)
    writeSync(file, new Uint8Array(values.buffer, 0, Math.min(rest, 4 * CHUNK)));
  closeSync(file);
  renameSync(`${weights}.part`, weights);
  return path;
}

/** Prepares the subject: `options` are the `path` of the graph, `runtime` and `threads`. */
export async function makeExported({ options, problem: { n } }: Subject): Promise<PreparedSubject> {
  const path = String(options.path);
  const threads = Number(options.threads);
  const session = options.runtime === 'web' ? await openWeb(path, threads) : await openNode(path, threads);
  const ids = BigInt64Array.from({ length: n }, (_, i) => BigInt((i * 7919) % 997));
  const mask = new BigInt64Array(n).fill(1n);
  const run = (): Promise<Float32Array> => session.run({ input_ids: ids, attention_mask: mask }, [1, n]);
  return {
    run,
    async check() {
      // With random weights in place of all, states may overflow; only their number is known.
      const { length } = await run();
      if (length !== n * HIDDEN) throw new Error(`expected ${n * HIDDEN} numbers, got ${length}`);
      return 0;
    },
    dispose: () => session.release(),
  };
}

/** A session of either runtime. */
interface Session {
  run(feeds: Readonly<Record<string, BigInt64Array>>, dims: readonly number[]): Promise<Float32Array>;
  release(): Promise<void>;
}

async function openNode(path: string, threads: number): Promise<Session> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, executionProviders: ['cpu'] };
  const session = await InferenceSession.create(path, options);
  return {
    run: async (feeds, dims) => {
      const tensors = Object.entries(feeds).map(
        ([name, data]) => [name, new Tensor('int64', data, [...dims])] as const,
      );
      return (await session.run(Object.fromEntries(tensors))).last_hidden_state.data as Float32Array;
    },
    release: () => session.release(),
  };
}

async function openWeb(path: string, threads: number): Promise<Session> {
  const { env, InferenceSession, Tensor } = await import('onnxruntime-web');
  env.wasm.numThreads = threads;
  env.logLevel = 'error';
  const externalData = [
    { path: 'weights.bin', data: new Uint8Array(readFileSync(join(path, '../weights.bin'))) },
  ];
  const options = { executionProviders: ['wasm'], externalData };
  const session = await InferenceSession.create(new Uint8Array(readFileSync(path)), options);
  return {
    run: async (feeds, dims) => {
      const tensors = Object.entries(feeds).map(
        ([name, data]) => [name, new Tensor('int64', data, [...dims])] as const,
      );
      return (await session.run(Object.fromEntries(tensors))).last_hidden_state.data as Float32Array;
    },
    release: () => session.release(),
  };
}
