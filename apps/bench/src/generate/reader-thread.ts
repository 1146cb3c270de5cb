/** The script of a thread that reads its part of a memory whenever the control block says so. */
import { workerData } from 'node:worker_threads';
import { memoryReader } from '@attn/wasm/ceilings';
import { WORD, type ReaderService } from './memory-reader.ts';

const { memory, words, number } = workerData as ReaderService;
const reader = memoryReader(memory);
Atomics.add(words, WORD.finished, 1);
for (let generation = 0; ;) {
  Atomics.wait(words, WORD.generation, generation);
  generation = Atomics.load(words, WORD.generation);
  const from = words[WORD.from] + number * words[WORD.bytes];
  reader(from, from + words[WORD.bytes]);
  Atomics.add(words, WORD.finished, 1);
}
