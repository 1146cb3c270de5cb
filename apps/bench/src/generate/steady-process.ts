/** A process that writes a long text with a small model, and prints how much its memory grows on the way. */
import { createAttn } from '@attn/core';
import { loadModel } from '@attn/models/node';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { collect } from '../memory.ts';

/** What the process is to do. */
export interface SteadyTask {
  readonly folder: string;
  readonly backend: 'wasm' | 'onnx';
  readonly threads: number;
  /** Steps before memory is looked at: room for tokens grows until then. */
  readonly before: number;
  /** Steps from then on. */
  readonly steps: number;
}

/** What it prints: growth during the steps, in bytes. */
export interface SteadyGrowth {
  /** In objects of JavaScript. */
  readonly heap: number;
  /** In buffers, and in memory of WebAssembly. */
  readonly buffers: number;
  readonly resident: number;
  /** Milliseconds of a step. */
  readonly ms: number;
}

const task = JSON.parse(process.argv[2]) as SteadyTask;
const backend = { wasm, onnx }[task.backend]({ threads: task.threads });
const attn = await createAttn({ backends: [backend] });
const model = await loadModel(task.folder, { attn, for: 'generate' });
const samples: { at: number; usage: NodeJS.MemoryUsage }[] = [];
const end = task.before + task.steps;
await model.generate([5, 6, 7, 8], {
  max_new_tokens: end + 1,
  eos_token_id: [],
  onProgress({ done }) {
    if (done !== task.before && done !== end) return;
    const at = performance.now();
    collect();
    samples.push({ at, usage: process.memoryUsage() });
  },
});
const [first, last] = samples;
const growth = (name: keyof NodeJS.MemoryUsage): number => last.usage[name] - first.usage[name];
const result: SteadyGrowth = {
  heap: growth('heapUsed'),
  buffers: growth('external'),
  resident: growth('rss'),
  ms: (last.at - first.at) / task.steps,
};
console.log(JSON.stringify(result));
await attn.dispose();
