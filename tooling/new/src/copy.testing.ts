/** A copy of the repository's sources that a test may change. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
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

/**
 * Builds what a backend's tests import of the copy, and the backend. Returns what the tools had to say:
 * nothing.
 */
export function buildBackend(copy: string, name: string): string {
  const compiled = spawnSync('tsc', ['-b', `packages/${name}`, 'packages/conformance'], {
    cwd: copy,
    encoding: 'utf8',
  });
  const tools = join(repository, 'packages/core/node_modules/.bin');
  const bundled = spawnSync(process.execPath, ['--run', 'build:node'], {
    cwd: join(copy, 'packages/core'),
    encoding: 'utf8',
    env: { ...process.env, PATH: [tools, process.env.PATH].join(delimiter) },
  });
  return compiled.stdout + compiled.stderr + bundled.stderr;
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
