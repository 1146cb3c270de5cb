// Links lead somewhere, lines can be read, and every error code is explained.
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PAGES, root, textOf } from './pages.mjs';

/** The text without its code. */
const prose = (page) => textOf(page).replaceAll(/^```.*?^```$/gms, (block) => block.replaceAll(/[^\n]/g, ''));

/** The names of a page's headings in links, as GitHub makes them. */
function anchorsOf(page) {
  const headings = new Map();
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = text.replaceAll(/[^\p{L}\p{N}\- _]/gu, '').replaceAll(' ', '-');
    const count = headings.get(anchor) ?? 0;
    headings.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

const linksOf = (page) =>
  [...prose(page).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(([, a, b]) => a ?? b);

test.each(PAGES)('links of %s lead somewhere', (page) => {
  for (const link of linksOf(page).filter((target) => !/^(https?|mailto):/.test(target))) {
    const [path, anchor] = link.split('#');
    const target = path === '' ? page : relative(root, join(root, dirname(page), path));
    expect(existsSync(join(root, target)), `${page}: ${link}`).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(target), `${page}: ${link}`).toContain(anchor);
  }
});

test('every page of the docs is in the index', () => {
  const listed = linksOf('docs/README.md').map((link) => join('docs', link.split('#')[0]));
  const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  expect(pages.filter((page) => !listed.includes(page))).toEqual([]);
});

test.each(PAGES.filter((page) => page.startsWith('docs/') || page === 'README.md'))(
  'lines of %s are at most 120 wide',
  (page) => {
    const isFree = (line) => /^\s*(\||!\[|<|\[)|^#|https?:/.test(line);
    const wide = prose(page)
      .split('\n')
      .filter((line) => [...line].length > 120 && !isFree(line));
    expect(wide).toEqual([]);
  },
);

describe('troubleshooting', () => {
  const page = textOf('docs/troubleshooting.md');
  const codes = [...textOf('packages/core/src/errors.ts').matchAll(/^ {2}\| '(\w+)'/gm)].map(
    ([, code]) => code,
  );
  const sections = new Map(
    [...page.matchAll(/^### `(\w+)`\n\n(.+?)(?=\n#|$(?![^]))/gms)].map(([, code, text]) => [code, text]),
  );

  test('there is a section for each code, and no other', () => {
    expect(codes.length).toBeGreaterThan(15);
    expect([...sections.keys()].toSorted()).toEqual(codes.toSorted());
  });
  test.each(codes)('%s is explained in a few sentences', (code) => {
    const sentences = sections
      .get(code)
      .trim()
      .split(/[.!?](?=\s|$)/)
      .filter((sentence) => sentence.trim() !== '');
    expect(sentences.length).toBeGreaterThanOrEqual(1);
    expect(sentences.length).toBeLessThanOrEqual(4);
  });
});
