/** The first page: its program is that of "Getting started", its figures are those of "Benchmarks". */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../repository.ts';

const PROGRAM = {
  page: 'docs/getting-started.md',
  what: /^```ts\n(?:(?!```).*\n)*```\n\n```text\n[^`]*```$/m,
};
const FIGURES = {
  page: 'docs/benchmarks.md',
  what: /(?<=<!-- Time against length -->\n)[^]*?(?=<!-- \/Time against length -->)/,
};

/** The text of the page. Errors: its parts are not where they were. */
export function firstPage(): string {
  const template = readFileSync(join(import.meta.dirname, 'first-page.md'), 'utf8');
  return template
    .replace('<!-- program -->', () => partOf(PROGRAM))
    .replace('<!-- figures -->', () => partOf(FIGURES).trim());
}

function partOf({ page, what }: { readonly page: string; readonly what: RegExp }): string {
  const [part] = what.exec(readFileSync(join(root, page), 'utf8')) ?? [];
  if (part === undefined) throw new Error(`[attn/site] firstPage: expected ${what} in ${page}, got no match`);
  return part;
}
