import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { withTable } from './page.ts';
import { writePlots } from './plots.ts';
import { storedTables } from './stored.ts';

test('a table of times over lengths becomes a picture, one without does not', async () => {
  const rows = [512, 1024].flatMap((N) => [
    { N, who: 'ours', ms: N / 100 },
    { N, who: 'a peer', ms: N / 10 },
    { N, who: 'a failing peer', ms: 'fails: too long' },
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'attn-plots-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = await writePlots(
    [
      { title: 'Dense attention', note: '', rows },
      { title: 'Ceilings', note: '', rows: [{ what: 'x', 'GFLOP/s': 1 }] },
      { title: 'One length', note: '', rows: rows.slice(0, 3) },
    ],
    folder,
  );
  expect(files).toEqual([join(folder, 'dense-attention.svg')]);
  const svg = readFileSync(files[0], 'utf8');
  expect(svg).toMatch(/^<svg /);
  expect(svg).toContain('a peer');
  expect(svg).not.toContain('a failing peer');
});

test('the pictures of the docs are drawn from the figures beside them, and are small', async () => {
  const plots = join(import.meta.dirname, '../../../docs/plots');
  const folder = mkdtempSync(join(tmpdir(), 'attn-plots-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = await writePlots(storedTables(plots), folder);
  const pictures = readdirSync(plots).filter((name) => name.endsWith('.svg'));
  expect(files.map((file) => basename(file)).toSorted()).toEqual(pictures.toSorted());
  for (const name of pictures) {
    const svg = readFileSync(join(plots, name), 'utf8');
    expect(svg.length).toBeLessThan(40_000);
    expect(
      readFileSync(join(folder, name), 'utf8'),
      `draw ${name} again: npm run bench -- --from docs/plots --svg docs/plots`,
    ).toBe(svg);
  }
});

test('a line beside the others comes from a column of its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'attn-plots-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const rows = [512, 1024].map((n) => ({ n, k: 128, ms: n / 100, 'dense ms': n }));
  const plot = { x: 'n', y: 'ms', by: 'k', beside: { y: 'dense ms', name: 'dense attention' } };
  const [file] = await writePlots([{ title: 'Linformer', note: '', rows, plot }], folder);
  expect(readFileSync(file, 'utf8')).toContain('dense attention');
});

test('the tables of the docs have the figures beside the pictures', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/benchmarks.md'), 'utf8');
  const tables = storedTables(join(import.meta.dirname, '../../../docs/plots'));
  const onPage = tables.filter(({ title }) => page.includes(`<!-- ${title} -->`));
  expect(onPage).toHaveLength(4);
  const again = 'write it again: npm run bench -- --from docs/plots --page docs/benchmarks.md';
  expect(onPage.reduce(withTable, page), again).toBe(page);
});
