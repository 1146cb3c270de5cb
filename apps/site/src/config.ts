/** What VitePress is told about the site. */
import { slug } from 'github-slugger';
import { defineConfig, type DefaultTheme, type UserConfig } from 'vitepress';
import { repositoryLinks } from './markdown/links.ts';
import { runButtons } from './markdown/run-button.ts';
import { places } from './pages/places.ts';
import { sidebars } from './pages/sections.ts';

/** Settings of a build. */
export interface SiteSettings {
  /** Folder of the pages, which is VitePress' root. */
  readonly pages: string;
  /** Folder of the built site. */
  readonly site: string;
  /** Path of the site on its server, such as `/attn/`. */
  readonly base: string;
  /** Address of the repository; without one, links to its files are plain text. */
  readonly repository?: string;
}

/** The configuration for a folder of pages. */
export function siteConfig({ pages, site, base, repository }: SiteSettings): UserConfig<DefaultTheme.Config> {
  return defineConfig({
    title: '@attn',
    description: 'Exact sparse attention for JavaScript, whose time and memory follow the pattern',
    lang: 'en',
    outDir: site,
    base,
    cleanUrls: false,
    head: [['link', { rel: 'icon', href: `${base}icon.svg`, type: 'image/svg+xml' }]],
    markdown: {
      theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
      // Readers of the repository and of the site follow the same links to headings.
      anchor: { slugify: (text) => slug(text) },
      config(markdown) {
        repositoryLinks(markdown, places(), repository);
        runButtons(markdown);
      },
    },
    vite: { logLevel: 'warn', build: { chunkSizeWarningLimit: 4000 } },
    themeConfig: {
      nav: [
        { text: 'Guide', link: '/getting-started', activeMatch: '^/(?!(?:api|packages|internals)/|$)' },
        { text: 'API', link: '/api/', activeMatch: '^/(?:api|packages)/' },
        { text: 'Internals', link: '/internals/architecture', activeMatch: '^/internals/' },
        { text: 'Playground', link: '/playground/', target: '_self' },
      ],
      sidebar: sidebars(places(), pages),
      outline: { level: [2, 3] },
      search: { provider: 'local' },
      ...(repository !== undefined && { socialLinks: [{ icon: 'github', link: repository }] }),
      footer: { message: 'Apache-2.0' },
    },
  });
}
