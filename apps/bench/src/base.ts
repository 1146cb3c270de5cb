/** Builds an older revision beside this one, so that a contest can compare both. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A built revision. */
export interface Base {
  /** Short name of the revision. */
  readonly revision: string;
  /** The script of the child processes of its contests. */
  readonly script: string;
  /** Removes the built revision. */
  remove(): void;
}

/**
 * Checks out a revision and builds it. Throws when there is no such
 * revision, or when it is older than contests.
 */
export function buildBase(ref: string, log: (message: string) => void): Base {
  const run = (folder: string, command: string, ...args: string[]): string =>
    execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  let revision: string;
  try {
    revision = run(ROOT, 'git', 'rev-parse', '--verify', '--short', `${ref}^{commit}`);
  } catch {
    throw new TypeError(`--base must be a revision of this repository, got ${ref}`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'attn-base-'));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
    run(ROOT, 'git', 'worktree', 'prune');
  };
  try {
    log(`base: building ${revision}`);
    run(ROOT, 'git', 'worktree', 'add', '--force', '--detach', folder, revision);
    if (!existsSync(join(folder, 'apps/bench/src/contest/child.ts'))) {
      throw new TypeError(`revision ${revision} is older than contests: it has no subjects to compare with`);
    }
    run(folder, 'pnpm', 'install', '--frozen-lockfile', '--prefer-offline');
    // With the packages' own scripts: some build more than what the compiler writes.
    run(folder, 'pnpm', '--filter', '@attn/bench...', 'run', 'build');
    return { revision, script: join(folder, 'apps/bench/dist/contest/child.js'), remove };
  } catch (error) {
    remove();
    throw error;
  }
}
