/** The repository: where it lies on this machine, and where its files can be looked at. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The root folder of the repository. */
export const root: string = join(import.meta.dirname, '../../..');

/** The address that the root's manifest names, such as `https://github.com/who/what`, if it does. */
export function repositoryOfManifest(): string | undefined {
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly repository?: string | { readonly url: string };
  };
  const url = typeof repository === 'object' ? repository.url : repository;
  return url?.replace(/^git\+/, '').replace(/\.git$/, '');
}
