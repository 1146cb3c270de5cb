/** Goldens: folders of tokenizers, and what the original libraries make of texts with them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linesIn, type GoldenCase, type GoldenLine } from './golden-lines.testing.ts';
import type { TokenizerFiles } from './index.ts';

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
  return linesIn(readFileSync(join(goldens, file), 'utf8'));
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
