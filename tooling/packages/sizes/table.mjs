// The table of sizes as it stands in docs/internals/sizes.md: `npm run sizes` writes it, a test reads it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { markdownTable } from 'markdown-table';
import { measure } from './measured.mjs';

const page = join(import.meta.dirname, '../../../docs/internals/sizes.md');
const TABLE = /(?<=<!-- sizes -->\n\n)[^]*?(?=\n\n<!-- \/sizes -->)/;

/** The size in kB of each row, as the page states it. */
export function documentedSizes() {
  const [table = ''] = TABLE.exec(readFileSync(page, 'utf8')) ?? [];
  const rows = table.split('\n').slice(2);
  return new Map(
    rows.map((row) => {
      const [, what, size] = row.split('|').map((cell) => cell.trim());
      return [what.replaceAll('`', ''), Number(size)];
    }),
  );
}

function write(rows) {
  const cells = rows.map(({ what, size, limit, target }) => [
    what.replace(/^@attn[^:]*/, '`$&`'),
    size.toFixed(1),
    String(limit),
    target === undefined ? '' : target >= limit ? 'kept' : `${target}, missed`,
  ]);
  const header = ['all of', 'kB', 'limit', 'target'];
  const table = markdownTable([header, ...cells], { align: ['l', 'r', 'r', 'r'] });
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(TABLE, () => table),
  );
  console.log(table);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) write(await measure());
