/**
 * A process that tests kill: `work STORE` works until no document is pending, `index STORE COUNT` indexes
 * documents. It prints a line when it begins.
 */
import { createAttn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { openCorpus } from '../index.ts';
import { someDocuments } from './documents.testing.ts';

const [task, store, model, count] = process.argv.slice(2);
const attn = await createAttn({ backends: [cpu()] });
const corpus = await openCorpus(store, { model, load: { attn }, lostAfter: 10, onWarning: () => {} });
console.log('begins');
if (task === 'work') await corpus.work({ untilDone: true });
else await corpus.index(someDocuments(Number(count)), { roots: ['log'] });
await corpus.dispose();
await attn.dispose();
