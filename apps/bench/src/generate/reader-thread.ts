/** The script of a thread that reads its part of a memory whenever the control block says so. */
import { workerData } from 'node:worker_threads';
import { readersOf, WORD, type Places, type ReaderService } from './memory-reader.ts';

const { memory, words, number } = workerData as ReaderService;
const readers = readersOf(memory);
Atomics.add(words, WORD.finished, 1);
for (let generation = 0; ;) {
  Atomics.wait(words, WORD.generation, generation);
  generation = Atomics.load(words, WORD.generation);
  const from = words[WORD.from] + number * words[WORD.bytes];
  readers[words[WORD.places] as Places](from, from + words[WORD.bytes]);
  Atomics.add(words, WORD.finished, 1);
}
