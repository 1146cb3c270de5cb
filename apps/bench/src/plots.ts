/** Plots tables as SVG: by default time over length, a line for each subject, both axes logarithmic. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from './suite.ts';

/** Writes a plot for each table that has several lengths, subjects and times; returns the files. */
export async function writePlots(tables: readonly Table[], folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const files: string[] = [];
  for (const table of tables) {
    const points = pointsOf(table);
    if (new Set(points.map(({ x }) => x)).size < 2) continue;
    const file = join(folder, `${table.title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.svg`);
    writeFileSync(file, await draw(table, points));
    files.push(file);
  }
  return files;
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly by: string;
}

function pointsOf({ rows, plot }: Table): Point[] {
  return rows.flatMap((row) => {
    const [x, y, by] = plot ? [row[plot.x], row[plot.y], row[plot.by]] : [row.N ?? row.n, row.ms, row.who];
    if (typeof x !== 'number' || typeof y !== 'number' || by === undefined) return [];
    return [{ x, y, by: typeof by === 'string' ? by : `${plot?.by} = ${by.toLocaleString('en')}` }];
  });
}

/** The libraries are loaded only here, because they are large. */
async function draw({ title, plot }: Table, values: readonly Point[]): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const isShare = plot?.isShare === true;
  const { spec } = compile({
    title,
    width: 480,
    height: 360,
    data: { values: [...values] },
    mark: { type: 'line', point: true },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        scale: plot?.isLinear ? { zero: false } : { type: 'log', base: 2 },
        title: plot?.x ?? 'tokens',
      },
      y: {
        field: 'y',
        type: 'quantitative',
        title: plot?.y ?? 'ms',
        scale: isShare ? { domain: [0, 1] } : { type: 'log' },
      },
      color: { field: 'by', type: 'nominal', title: null, sort: null, legend: { labelLimit: 0 } },
    },
  });
  return new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
}
