/** Which file of the repository is which page of the site. */
import { globSync } from 'node:fs';
import { posix } from 'node:path';
import { root } from '../repository.ts';

/** Pages of the site by their files in the repository: `docs/plans.md` is `plans.md`. */
export type Places = ReadonlyMap<string, string>;

/** All pages that people wrote, but the first one, which is the site's own. */
export function places(): Places {
  const files = [
    'CONTRIBUTING.md',
    ...globSync('docs/**/*.md', { cwd: root }),
    ...globSync('packages/*/README.md', { cwd: root }),
  ].map((file) => file.replaceAll('\\', '/'));
  return new Map(files.toSorted().map((file) => [file, placeOf(file)]));
}

function placeOf(file: string): string {
  if (file === 'CONTRIBUTING.md') return 'internals/contributing.md';
  if (file === 'docs/README.md') return 'contents.md';
  const [, name] = /^packages\/([^/]+)\/README\.md$/.exec(file) ?? [];
  return name === undefined ? file.replace(/^docs\//, '') : `packages/${name}.md`;
}

/** Where a link of the docs leads: to a page or a picture of the site, or to a file of the repository. */
export type Target =
  | { readonly kind: 'page'; readonly href: string }
  | { readonly kind: 'repository'; readonly path: string };

/**
 * Where a relative link leads that stands in a file of the repository.
 * @param file path of the file in the repository, such as `docs/internals/plans.md`
 * @param href the link, such as `../patterns.md#masks`
 */
export function targetOf(pages: Places, file: string, href: string): Target {
  const [path = '', anchor] = href.split('#');
  const hash = anchor === undefined ? '' : `#${anchor}`;
  if (path === '') return { kind: 'page', href };
  const target = posix.join(posix.dirname(file), path).replace(/\/$/, '');
  const from = posix.dirname(pages.get(file) ?? '');
  const page = pages.get(target) ?? (/^docs\/.*\.(?:svg|png)$/.test(target) ? placeOf(target) : undefined);
  if (page === undefined) return { kind: 'repository', path: `${target}${hash}` };
  const relative = posix.relative(from, page);
  return { kind: 'page', href: `${relative.startsWith('.') ? '' : './'}${relative}${hash}` };
}
