// The pages that people read, and the code on them.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../../..');

/** Every page: the README and CONTRIBUTING of the project, its docs, and the READMEs of its packages. */
export const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...globSync('docs/**/*.md', { cwd: root }).toSorted(),
  ...globSync('packages/*/README.md', { cwd: root }).toSorted(),
];

export const textOf = (page) => readFileSync(join(root, page), 'utf8');

/**
 * The blocks of a page in order: `language`, `code`, and the `line` where the code begins. `output` is the
 * `text` block that follows a block directly: what running it prints.
 */
export function blocksOf(page) {
  const text = textOf(page);
  const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(
    ({ 1: language, 2: code, 0: all, index }) => ({
      page,
      language,
      code,
      line: text.slice(0, index).split('\n').length + 1,
      index,
      end: index + all.length,
    }),
  );
  return blocks.map((block, i) => {
    const next = blocks[i + 1];
    const isOutput = next?.language === 'text' && text.slice(block.end, next.index).trim() === '';
    return { ...block, ...(isOutput && { output: next.code }) };
  });
}

/**
 * The TypeScript programs of a page, as lists of blocks: one that imports begins a program, one that
 * imports nothing goes on with the program before it.
 */
export function programsOf(page) {
  const programs = [];
  for (const block of blocksOf(page)) {
    if (block.language !== 'ts' && block.language !== 'js') continue;
    if (/^import /m.test(block.code) || programs.length === 0) programs.push([block]);
    else programs.at(-1).push(block);
  }
  return programs.map((blocks) => ({
    name: `${page}:${blocks[0].line}`,
    page,
    blocks,
    code: blocks.map(({ code }) => code).join('\n'),
  }));
}
