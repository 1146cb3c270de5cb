import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writePlots } from './plots.ts';

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
