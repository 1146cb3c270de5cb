import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { expectLinksToLead } from './check-links.ts';

const folder = mkdtempSync(join(tmpdir(), 'attn-links-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'guide'));

/** Writes a first page with a link, beside a page with one heading. */
function write(link: string): void {
  writeFileSync(join(folder, 'index.html'), `<a class="x" href="${link}">there</a>`);
  writeFileSync(join(folder, 'guide/index.html'), '<h2 id="first-step">First step</h2>');
}

test.each(['guide/', '/base/guide/#first-step', 'guide/index.html', './guide/#first-step', 'https://a.b/c'])(
  '%s leads somewhere',
  (link) => {
    write(link);
    expect(() => expectLinksToLead(folder, '/base/')).not.toThrow();
  },
);

test.each(['guide/second.html', 'guide/#second-step', '#nothing', '/guide/'])('%s is dead', (link) => {
  write(link);
  expect(() => expectLinksToLead(folder, '/base/')).toThrow(`index.html: ${link}`);
});
