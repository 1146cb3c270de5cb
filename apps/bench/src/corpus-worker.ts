/** A process that works on a corpus: it says when it is ready, and begins when its input ends. */
import { once } from 'node:events';
import { createAttn } from '@attn/core';
import { openCorpus } from '@attn/corpus';
import { wasm } from '@attn/wasm';

const [store, model] = process.argv.slice(2);
const attn = await createAttn({ backends: [wasm({ threads: 1 })] });
const corpus = await openCorpus(store, { model, load: { attn } });
console.log('ready');
process.stdin.resume();
await once(process.stdin, 'end');
await corpus.work({ untilDone: true });
await corpus.dispose();
await attn.dispose();
