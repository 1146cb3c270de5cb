/**
 * The goldens of `@attn/tokenizers`: folders of tokenizers, and what the originals make of pairs with them.
 * It is the larger set if `ATTN_GOLDENS` names its folder.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenizerFromFiles, type Tokenizer } from '@attn/tokenizers';

/** Columns of an encoding, as the originals have them. */
export interface GoldenColumns {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  readonly special: readonly number[];
  /** Types of other releases, where there are any. */
  readonly slowTypeIds?: readonly number[];
  readonly v5TypeIds?: readonly number[];
}

/** A pair: with columns, or with windows of `maxLength` tokens. */
export interface GoldenPair extends Partial<GoldenColumns> {
  readonly i: number;
  readonly text: string;
  readonly pair: string;
  /** How many tokens belong to the text. */
  readonly first?: number;
  readonly maxLength?: number;
  readonly stride?: number;
  readonly windows?: readonly GoldenColumns[];
  /** The ids of the slow tokenizer, which are ours where they are preferred. */
  readonly slow?: readonly number[];
  readonly prefer?: 'slow' | 'fast';
}

const OWN = fileURLToPath(new URL('../../../tokenizers/goldens', import.meta.url));
const { ATTN_GOLDENS } = process.env;
const goldens = ATTN_GOLDENS === undefined ? OWN : join(ATTN_GOLDENS, 'tokenizers');

/** The folders whose goldens have pairs. */
export const tokenizerIds: readonly string[] = (
  JSON.parse(readFileSync(join(goldens, 'manifest.json'), 'utf8')) as {
    readonly cases: readonly { readonly id: string }[];
  }
).cases
  .map(({ id }) => id)
  .filter((id) => pairsOf(id).length > 0);

/** The tokenizer of a folder. */
export function goldenTokenizer(id: string): Tokenizer {
  const folder = join(goldens, 'models', id);
  const files = readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]);
  return tokenizerFromFiles(Object.fromEntries(files) as Record<string, Uint8Array>);
}

/** The pairs of a folder. */
export function pairsOf(id: string): readonly GoldenPair[] {
  const lines = readFileSync(join(goldens, `${id}.jsonl`), 'utf8')
    .trim()
    .split('\n');
  const all = lines.map((line) => JSON.parse(line) as Partial<GoldenPair>);
  return all.filter((line): line is GoldenPair => line.pair !== undefined);
}
