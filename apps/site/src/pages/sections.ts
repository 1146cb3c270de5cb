/** The sections of the sidebars: those of docs/README.md, in its order, and those of the packages. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DefaultTheme } from 'vitepress';
import { root } from '../repository.ts';
import { targetOf, type Places } from './places.ts';

const CONTENTS = 'docs/README.md';

/** The section of the contents that has a sidebar of its own. */
const INTERNALS = 'Internals';

type Section = DefaultTheme.SidebarItem;

/** Sidebars by the path of the pages that show them. `folder` has the pages, with those of the API. */
export function sidebars(pages: Places, folder: string): Record<string, Section[]> {
  const text = readFileSync(join(root, CONTENTS), 'utf8');
  const listed = text
    .split(/^## /m)
    .slice(1)
    .map((part) => sectionOf(part, pages));
  const packages = [readmes(pages), api(folder)];
  return {
    '/api/': packages,
    '/packages/': packages,
    '/internals/': listed.filter((section) => section.text === INTERNALS),
    '/': listed.filter((section) => section.text !== INTERNALS),
  };
}

function sectionOf(part: string, pages: Places): Section {
  const [title = ''] = part.split('\n', 1);
  const cells = [...part.matchAll(/^\| (\[.*?) \|/gm)].map(([, cell = '']) => cell);
  const links = cells.flatMap((cell) => [...cell.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)]);
  const items = links.flatMap(([, name = '', href = '']) => {
    const target = targetOf(pages, CONTENTS, href);
    return target.kind === 'page' ? [{ text: name, link: linkTo(target.href) }] : [];
  });
  return { text: title, items };
}

/** A page for each package: its README. */
function readmes(pages: Places): Section {
  const items = [...pages].flatMap(([file, page]) =>
    file.startsWith('packages/') ? [{ text: `@attn/${file.split('/')[1]}`, link: linkTo(page) }] : [],
  );
  return { text: 'Packages', items };
}

/** The pages of the API by their first headings. */
function api(folder: string): Section {
  const files = globSync('api/@attn/**/*.md', { cwd: folder }).map((file) => file.replaceAll('\\', '/'));
  const items = files.toSorted().map((file) => {
    const [, text] = /^# (.+)$/m.exec(readFileSync(join(folder, file), 'utf8')) ?? [];
    return { text, link: linkTo(file) };
  });
  return { text: 'API', link: '/api/', items };
}

const linkTo = (page: string): string => `/${page.replace(/^\.\//, '').replace(/\.md$/, '')}`;
