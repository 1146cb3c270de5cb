/** Every link of the built site leads to a page, and to a heading of it where it names one. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';

/** A page as it was built: the links in it, and what links may name. */
interface BuiltPage {
  readonly links: readonly string[];
  readonly anchors: ReadonlySet<string>;
}

/** Looks at all pages of a site. Errors: links that lead nowhere, each with the page that it stands on. */
export function expectLinksToLead(site: string, base: string): void {
  const files = globSync('**/*.html', { cwd: site, exclude: ['playground/**', 'run/**', '404.html'] });
  const pages = new Map(files.map((file) => [file.replaceAll('\\', '/'), pageOf(join(site, file))]));
  const dead = [...pages].flatMap(([page, { links }]) =>
    links.filter((link) => !leads(link, page)).map((link) => `${page}: ${link}`),
  );
  if (dead.length > 0)
    throw new Error(`[attn/site] build: expected links to lead somewhere, got\n${dead.join('\n')}`);

  function leads(link: string, page: string): boolean {
    if (/^[a-z]+:/.test(link)) return true;
    const { pathname, hash } = new URL(link, `http://site${base}${page}`);
    const path = decodeURIComponent(posix.relative(base, pathname)) || '.';
    const file =
      existsSync(join(site, path)) && statSync(join(site, path)).isDirectory()
        ? posix.join(path, 'index.html')
        : path;
    const target = pages.get(file);
    if (target === undefined) return hash === '' && existsSync(join(site, file));
    return hash === '' || target.anchors.has(decodeURIComponent(hash.slice(1)));
  }
}

function pageOf(file: string): BuiltPage {
  const html = readFileSync(file, 'utf8');
  const all = (pattern: RegExp): string[] => [...html.matchAll(pattern)].map(([, value = '']) => value);
  return {
    links: [...new Set(all(/<a [^>]*?href="([^"]*)"/g))].map((link) => link.replaceAll('&amp;', '&')),
    anchors: new Set(all(/ id="([^"]*)"/g)),
  };
}
