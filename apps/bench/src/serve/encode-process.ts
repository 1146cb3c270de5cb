/** A process that encodes each list of texts that it gets, and says how long it took, and how large it is. */
import { readFileSync } from 'node:fs';
import { createAttn } from '@attn/core';
import { loadModel, type Encoder } from '@attn/models/node';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';

/** How a process encodes, as the JSON of its argument. */
export interface EncodeSetting {
  readonly folder: string;
  readonly backend: 'wasm' | 'onnx';
  /** Worker threads; with 0, the process' own thread has the model. */
  readonly workers: number;
  /** Threads of the backend, of each worker. */
  readonly threads: number;
}

/** What a list of texts took. */
export interface EncodeSample {
  readonly ms: number;
  /** Processor time of all threads. */
  readonly cpuMs: number;
  /** Memory of the process at the end, in bytes, each page of a mapped file once. */
  readonly bytes: number;
  /** Bytes of it that are pages of the mapped file of weights. */
  readonly mappedBytes: number;
}

const setting = JSON.parse(process.argv[2]) as EncodeSetting;

async function load({ folder, backend, workers, threads }: EncodeSetting): Promise<Encoder> {
  if (workers > 0) return loadModel(folder, { for: 'encode', workers: { backend, count: workers, threads } });
  const create = backend === 'wasm' ? wasm : onnx;
  return loadModel(folder, { for: 'encode', attn: await createAttn({ backends: [create({ threads })] }) });
}

/** The proportional share of memory on Linux; elsewhere what is resident, and nothing of mapped files. */
function memory(): Pick<EncodeSample, 'bytes' | 'mappedBytes'> {
  if (process.platform !== 'linux') return { bytes: process.memoryUsage.rss(), mappedBytes: NaN };
  const maps = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[\da-f]+-[\da-f]+ )/m);
  const sizes = maps.map((map) => 1024 * Number(/^Pss:\s+(\d+) kB$/m.exec(map)?.[1] ?? 0));
  const sum = (counts: (map: string) => boolean): number =>
    sizes.reduce((total, size, i) => total + (counts(maps[i]) ? size : 0), 0);
  return { bytes: sum(() => true), mappedBytes: sum((map) => /model\.safetensors$/m.test(map)) };
}

const model = await load(setting);
process.on('message', (texts: readonly string[]) => {
  void (async () => {
    const [start, before] = [performance.now(), process.cpuUsage()];
    let count = 0;
    for await (const { tokens } of model.encodeMany(texts)) count += tokens.length;
    if (count !== texts.length) throw new Error(`${count} of ${texts.length} texts have come back`);
    const { user, system } = process.cpuUsage(before);
    const ms = performance.now() - start;
    const sample: EncodeSample = { ms, cpuMs: (user + system) / 1e3, ...memory() };
    process.send?.(sample);
  })();
});
