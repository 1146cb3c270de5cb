/** The entries of the published packages: what `import` may name. */
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { root } from '../repository.ts';

/** What people import, such as `@attn/core/backend`. */
export interface Door {
  readonly name: string;
  /** Path of its declarations in the repository. */
  readonly types: string;
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
}

/** The entries of all published packages, sorted by package. */
export function doors(): readonly Door[] {
  const manifests = globSync('packages/*/package.json', { cwd: root }).toSorted();
  return manifests.flatMap((file) => {
    const manifest = JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest;
    if (manifest.private === true) return [];
    return Object.entries(manifest.exports).map(([path, { types }]) => ({
      name: posix.join(manifest.name, path),
      types: posix.join(file.replaceAll('\\', '/'), '..', types),
    }));
  });
}
