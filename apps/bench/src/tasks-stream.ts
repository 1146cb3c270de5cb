/** A process that classifies many short texts as a stream, and prints how much memory that took. */
import { createAttn } from '@attn/core';
import { pipeline } from '@attn/models/node';
import { wasm } from '@attn/wasm';
import { collect, peakResident } from './memory.ts';

/** What the process prints. */
export interface StreamMemory {
  /** Most resident memory, in bytes. */
  readonly peak: number;
  /** Bytes in the heap and in buffers at the end, without garbage. */
  readonly heap: number;
  readonly ms: number;
}

const [folder, count] = process.argv.slice(2);
const attn = await createAttn({ backends: [wasm()] });
const classify = await pipeline('text-classification', folder, { attn });

function* texts(): Generator<string, void, undefined> {
  for (let i = 0; i < Number(count); i++)
    yield `Captain Ahab nailed doubloon ${i % 1_000} to the mast of the Pequod ${'and so on '.repeat(i % 7)}`;
}

const start = performance.now();
let answers = 0;
for await (const { length } of classify.stream(texts())) answers += length;
if (answers !== Number(count)) throw new Error(`expected ${count} answers, got ${answers}`);
const ms = performance.now() - start;
const peak = peakResident();
collect();
const { heapUsed, external } = process.memoryUsage();
await classify.dispose();
await attn.dispose();
console.log(JSON.stringify({ peak, heap: heapUsed + external, ms } satisfies StreamMemory));
