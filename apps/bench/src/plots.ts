/** Plots of tables as SVG: time over length, a line for each candidate, both axes logarithmic. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from './suite.ts';

/** Writes a plot for each table that has lengths, candidates and times; returns the files. */
export async function writePlots(tables: readonly Table[], folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const files: string[] = [];
  for (const table of tables) {
    const points = pointsOf(table);
    if (points.length < 2) continue;
    const file = join(folder, `${table.title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.svg`);
    writeFileSync(file, await plot(table.title, points));
    files.push(file);
  }
  return files;
}

interface Point {
  readonly n: number;
  readonly who: string;
  readonly ms: number;
}

function pointsOf({ rows }: Table): Point[] {
  return rows.flatMap((row) => {
    const [n, who, ms] = [row.N ?? row.n, row.who, row.ms];
    return typeof n === 'number' && typeof who === 'string' && typeof ms === 'number' ? [{ n, who, ms }] : [];
  });
}

/** Loaded only here: the libraries are bigger than all else. */
async function plot(title: string, values: readonly Point[]): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec } = compile({
    title,
    width: 480,
    height: 360,
    data: { values: [...values] },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'n', type: 'quantitative', scale: { type: 'log', base: 2 }, title: 'tokens' },
      y: { field: 'ms', type: 'quantitative', scale: { type: 'log' }, title: 'ms' },
      color: { field: 'who', type: 'nominal', title: null, sort: null },
    },
  });
  return new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
}
