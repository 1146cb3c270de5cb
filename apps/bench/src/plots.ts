/** Plots tables as SVG: by default time over length, a line for each subject, both axes logarithmic. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plot, Table } from './suite.ts';

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

/** A point of a chart: on the line `by`. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly by: string;
}

/** What a chart of the table shows: by default `ms` over `N` or `n`, a line for each `who`. */
export function pointsOf({ rows, plot }: Table): Point[] {
  const points = rows.flatMap((row) => {
    const [x, y, by] = plot ? [row[plot.x], row[plot.y], row[plot.by]] : [row.N ?? row.n, row.ms, row.who];
    if (typeof x !== 'number' || typeof y !== 'number' || by === undefined) return [];
    return [{ x, y, by: typeof by === 'string' ? by : `${plot?.by} = ${by.toLocaleString('en')}` }];
  });
  return [...points, ...beside(rows, plot)];
}

/** The line that all others are compared with: one point for each x. */
function beside(rows: Table['rows'], plot: Plot | undefined): Point[] {
  if (plot?.beside === undefined) return [];
  const { y: column, name: by } = plot.beside;
  const byX = new Map(rows.map((row) => [row[plot.x], row[column]]));
  return [...byX].flatMap(([x, y]) => (typeof x === 'number' && typeof y === 'number' ? [{ x, y, by }] : []));
}

/**
 * Middle greys for text and lines, and colours between light and dark: a picture is shown on white pages
 * and on black ones.
 */
const INK = '#7d8590';
const GRID = '#7d859040';
const COLOURS = ['#e4572e', '#d98e04', '#2f81f7', '#12a594', '#a371f7', '#8b949e', '#db61a2', '#6e9f18'];

/** Milliseconds as people say them. */
const AS_TIME = "datum.value >= 1000 ? datum.value / 1000 + ' s' : datum.value + ' ms'";

/**
 * Round numbers around values on a logarithmic axis: powers of ten, with steps between them where there are
 * few.
 */
function ticksOf(values: readonly number[]): readonly number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const steps = most / least > 200 ? [1] : most / least > 3 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 3, 5];
  const decades = Array.from({ length: 13 }, (_, i) => 10 ** (i - 6));
  const ticks = decades.flatMap((decade) => steps.map((step) => Number((step * decade).toPrecision(2))));
  const first = ticks.findLastIndex((tick) => tick <= least);
  const last = ticks.findIndex((tick) => tick >= most);
  return ticks.slice(Math.max(first, 0), last === -1 ? undefined : last + 1);
}

/** The libraries are loaded only here, because they are large. */
async function draw({ title, plot }: Table, values: readonly Point[]): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const isShare = plot?.isShare === true;
  const isTime = (plot?.y ?? 'ms') === 'ms';
  const lengths = [...new Set(values.map(({ x }) => x))];
  const ticks = ticksOf(values.map(({ y }) => y));
  const { spec } = compile({
    title,
    width: 520,
    height: 300,
    background: 'transparent',
    padding: 8,
    data: { values: [...values] },
    mark: { type: 'line', point: { size: 45 }, strokeWidth: 2.5 },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        scale: plot?.isLinear ? { zero: false } : { type: 'log', base: 2 },
        axis: {
          format: ',.0f',
          grid: false,
          labelFlush: false,
          ...(lengths.length <= 9 && { values: lengths, labelOverlap: false }),
        },
        title: plot?.xTitle ?? plot?.x ?? 'tokens',
      },
      y: {
        field: 'y',
        type: 'quantitative',
        title: plot?.yTitle ?? (isTime ? 'time' : plot?.y),
        scale: isShare ? { domain: [0, 1] } : { type: 'log', domain: [ticks[0], ticks[ticks.length - 1]] },
        axis: isShare ? { tickCount: 5 } : { values: [...ticks], ...(isTime && { labelExpr: AS_TIME }) },
      },
      color: {
        field: 'by',
        type: 'nominal',
        title: null,
        sort: null,
        scale: { range: COLOURS },
        legend: { labelLimit: 0 },
      },
    },
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      title: { color: INK, fontSize: 15, anchor: 'start', offset: 12 },
      axis: {
        labelColor: INK,
        titleColor: INK,
        gridColor: GRID,
        domainColor: INK,
        tickColor: INK,
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: 'normal',
      },
      legend: { labelColor: INK, labelFontSize: 13, symbolStrokeWidth: 3, rowPadding: 6 },
    },
  });
  return new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG();
}
