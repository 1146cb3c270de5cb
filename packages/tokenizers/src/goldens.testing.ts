/** Goldens: folders of tokenizers, and what the original libraries make of texts with them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TokenizerFiles } from './index.ts';

/** The columns of an encoding, as the originals have them. */
export interface GoldenEncoding {
  readonly ids: readonly number[];
  readonly offsets: readonly (readonly [number, number] | null)[];
  readonly typeIds: readonly number[];
  readonly special: readonly number[];
  /** Indices of tokens whose offsets may differ. */
  readonly loose?: readonly number[];
  readonly slowTypeIds?: readonly number[];
  readonly v5TypeIds?: readonly number[];
}

/** A line of a golden. It has either the columns or windows. */
export interface GoldenLine extends Partial<GoldenEncoding> {
  readonly i: number;
  readonly why: string;
  readonly text: string;
  readonly pair?: string;
  readonly first?: number;
  readonly decode?: string;
  readonly maxLength?: number;
  readonly stride?: number;
  readonly addSpecialTokens?: boolean;
  readonly windows?: readonly GoldenEncoding[];
  /** The ids of the slow tokenizer: of the text, or of each window. */
  readonly slow?: readonly number[] | readonly (readonly number[])[];
  readonly prefer?: 'slow' | 'fast';
}

/** A folder and its lines. */
export interface GoldenCase {
  readonly id: string;
  readonly group: string;
  readonly dir: string;
  readonly file: string;
  readonly built?: string;
  readonly batch?: {
    readonly lines: readonly number[];
    readonly ids: readonly (readonly number[])[];
    readonly mask: readonly (readonly number[])[];
    readonly typeIds: readonly (readonly number[])[];
  };
}

const OWN = fileURLToPath(new URL('../goldens', import.meta.url));

/** Where the goldens are: the larger set that `ATTN_GOLDENS` names, or our own. */
export const goldens: string =
  process.env.ATTN_GOLDENS === undefined ? OWN : join(process.env.ATTN_GOLDENS, 'tokenizers');

/** The cases of the goldens. */
export const cases: readonly GoldenCase[] = (
  JSON.parse(readFileSync(join(goldens, 'manifest.json'), 'utf8')) as {
    readonly cases: readonly GoldenCase[];
  }
).cases;

/** The lines of a case. */
export function linesOf({ file }: GoldenCase): readonly GoldenLine[] {
  const lines = readFileSync(join(goldens, file), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as GoldenLine);
}

/** The files of a case's folder. */
export function filesOf({ dir }: Pick<GoldenCase, 'dir'>, root: string = goldens): TokenizerFiles {
  const folder = join(root, dir);
  const bytes = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
  return Object.fromEntries(readdirSync(folder).map((name) => [name, bytes(name)]));
}

/** The files of one of our own folders, whatever `ATTN_GOLDENS` says. */
export function ownFiles(id: string): TokenizerFiles {
  return filesOf({ dir: `models/${id}` }, OWN);
}

/** The tokenizer.json that the original makes of a folder, where the set has it. */
export function builtOf({ built }: GoldenCase): unknown {
  const path = join(goldens, built ?? 'none');
  return built !== undefined && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}
