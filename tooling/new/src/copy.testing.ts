/** A copy of the repository's sources that a test may change. */
import { cpSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Name, parseName } from './name.ts';

/** The root of the repository itself. */
export const repository: string = join(import.meta.dirname, '../../..');

/** Copies sources and links what is installed; the caller removes the folder that is returned. */
export function copyRepository(): string {
  const copy = mkdtempSync(join(tmpdir(), 'attn-new-'));
  const isSource = (path: string): boolean =>
    !['dist', 'reports', '.bin', '.vite', '.turbo'].includes(basename(path));
  for (const part of [
    'packages',
    'apps',
    'tooling/tsconfig',
    'tooling/vitest',
    'tsconfig.json',
    '.changeset',
  ]) {
    cpSync(join(repository, part), join(copy, part), {
      recursive: true,
      verbatimSymlinks: true,
      filter: isSource,
    });
  }
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** What `pnpm install` does for a new backend: it has the dependencies of the CPU backend. */
export function linkBackend(copy: string, name: string): void {
  cpSync(join(repository, 'packages/cpu/node_modules'), join(copy, `packages/${name}/node_modules`), {
    recursive: true,
    verbatimSymlinks: true,
  });
  symlinkSync(`../../../${name}`, join(copy, `packages/auto/node_modules/@attn/${name}`));
}

/** The name in all its ways. */
export function named(text: string): Name {
  const name = parseName(text);
  if (name === undefined) throw new Error(`${text} is no name`);
  return name;
}
