/** An encoder of random weights, as large as all-MiniLM-L6-v2 without its table of words, and its texts. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bertFamily, randomCheckpoint, writeCheckpoint } from '@attn/models/node';

const ROOT = new URL('../../../../', import.meta.url);
const GOLDEN = fileURLToPath(new URL('packages/models/goldens/tasks/st-mean/', ROOT));
const BOOK = fileURLToPath(new URL('apps/cli/data/moby-dick.txt', ROOT));

/** Most tokens of a text. */
export const MOST_TOKENS = 128;

/** Writes the encoder into a folder. */
export async function writeEncoder(folder: string): Promise<void> {
  const config = JSON.parse(readFileSync(join(GOLDEN, 'config.json'), 'utf8')) as object;
  const size = { hidden_size: 384, intermediate_size: 1536, num_attention_heads: 12, num_hidden_layers: 6 };
  cpSync(GOLDEN, folder, { recursive: true });
  await writeCheckpoint(folder, randomCheckpoint(bertFamily, { ...config, ...size }, { seed: 1 }));
  writeFileSync(join(folder, 'sentence_bert_config.json'), JSON.stringify({ max_seq_length: MOST_TOKENS }));
}

/** The first sentences of Moby-Dick of more than `least` and fewer than `most` characters. */
export function sentencesOf(least: number, most: number, count: number): readonly string[] {
  const sentences = readFileSync(BOOK, 'utf8')
    .slice(20_000)
    .split(/(?<=[.!?])\s+/);
  return sentences.filter(({ length }) => length > least && length < most).slice(0, count);
}
