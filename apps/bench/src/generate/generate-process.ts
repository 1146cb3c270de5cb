/**
 * A process that generates a text with one backend, and prints what its steps took. Beside the steps it reads
 * memory as fast as it can, so that both meet the same neighbours on the machine.
 */
import { createAttn } from '@attn/core';
import { loadModel } from '@attn/models/node';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { peakResident } from '../memory.ts';
import { MemoryReader } from './memory-reader.ts';

/** What the process is to do. */
export interface GenerateTask {
  readonly folder: string;
  readonly backend: 'wasm' | 'onnx';
  readonly threads: number;
  /** Tokens of the text that is read. */
  readonly length: number;
  /** Tokens that are written; 0 to run the encoder alone. */
  readonly steps: number;
  readonly beams: number;
}

/** What it prints. Times are in milliseconds. */
export interface GenerateTimes {
  /** The encoder alone, or all until the first token. */
  readonly first: number;
  /** Each later step. */
  readonly steps: readonly number[];
  /** Bytes a second that threads could read before each step, and once behind the last. */
  readonly bandwidths: readonly number[];
  /** Bytes a second at the same moments, where threads read in four places each. */
  readonly inPlaces: readonly number[];
  /** Most resident memory, in bytes, without what reading memory takes. */
  readonly peak: number;
}

const task = JSON.parse(process.argv[2]) as GenerateTask;
const { threads, length } = task;
const backend = { wasm, onnx }[task.backend]({ threads });
const attn = await createAttn({ backends: [backend] });
const ids = Array.from({ length }, (_, i) => 4 + ((i * 7919) % 997));
console.log(JSON.stringify(task.steps === 0 ? await encode() : await generate()));
await attn.dispose();

async function encode(): Promise<GenerateTimes> {
  const model = await loadModel(task.folder, { attn, for: 'encode' });
  const start = performance.now();
  await model.run({ inputIds: [ids], globalAttentionMask: [ids.map((_, i) => Number(i === 0))] });
  return { first: performance.now() - start, steps: [], bandwidths: [], inPlaces: [], peak: peakResident() };
}

async function generate(): Promise<GenerateTimes> {
  const model = await loadModel(task.folder, { attn, for: 'generate' });
  const before = process.memoryUsage.rss();
  await using reader = new MemoryReader(threads);
  await reader.start();
  // Its threads take more than what they read.
  const held = Math.max(reader.heldBytes, process.memoryUsage.rss() - before);
  const times: number[] = [];
  const bandwidths: number[] = [];
  const inPlaces: number[] = [];
  let start = performance.now();
  await model.generate(ids, {
    max_new_tokens: task.steps + 1,
    num_beams: task.beams,
    eos_token_id: [],
    onProgress({ done }) {
      if (done === 0) return;
      times.push(performance.now() - start);
      bandwidths.push(reader.measure());
      inPlaces.push(reader.measure(4));
      start = performance.now();
    },
  });
  const [first, ...steps] = times;
  return { first, steps, bandwidths, inPlaces, peak: peakResident() - held };
}
