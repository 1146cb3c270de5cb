/** Builds the site: gathers the pages, has VitePress build them, adds the playground and the packages. */
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vitepress';
import { expectLinksToLead } from './check-links.ts';
import type { SiteSettings } from './config.ts';
import type { Door } from './pages/doors.ts';
import { writePages } from './pages/write-pages.ts';
import { root } from './repository.ts';
import { buildRun } from './run/build-run.ts';

/** Options of `buildSite`. */
export interface BuildOptions {
  /** Where to work. The site is then in its `site`. It lies in this package, so that pages find VitePress. */
  readonly folder: string;
  /** Path of the site on its server, such as `/attn/`. Default: `/`. */
  readonly base?: string;
  /** Address of the repository; without one, links to its files are plain text. */
  readonly repository?: string;
  /** Entries of the API reference. Default: those of all published packages. */
  readonly api?: readonly Door[];
}

/**
 * Builds the site, and resolves to its folder. Errors: a link that leads nowhere, declarations that do not
 * compile, a playground that is not built.
 */
export async function buildSite({ folder, base = '/', repository, api }: BuildOptions): Promise<string> {
  const playground = join(root, 'apps/playground/dist');
  if (!existsSync(join(playground, 'index.html')))
    throw new Error(`[attn/site] build: expected the built playground in ${playground}, got none`);
  const [pages, site] = [join(folder, 'pages'), join(folder, 'site')];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(pages, { recursive: true });
  await writePages(pages, api);
  writeVitePressFiles({ pages, site, base, repository });
  await build(pages);
  await buildRun(join(site, 'run'));
  cpSync(playground, join(site, 'playground'), { recursive: true });
  expectLinksToLead(site, base);
  return site;
}

/** VitePress looks for its configuration and its theme in the folder of the pages. */
function writeVitePressFiles(settings: SiteSettings): void {
  const home = join(settings.pages, '.vitepress');
  mkdirSync(join(home, 'theme'), { recursive: true });
  const from = (file: string): string =>
    JSON.stringify(join(import.meta.dirname, file).replaceAll('\\', '/'));
  writeFileSync(
    join(home, 'config.ts'),
    `import { siteConfig } from ${from('config.ts')};\nexport default siteConfig(${JSON.stringify(settings)});\n`,
  );
  writeFileSync(join(home, 'theme/index.ts'), `export { default } from ${from('theme/index.ts')};\n`);
}
