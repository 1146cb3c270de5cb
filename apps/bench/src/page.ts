/**
 * The tables of a page: each stands between two comments with its title, a row for each x and a column for
 * each line of its chart.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { markdownTable } from 'markdown-table';
import { pointsOf } from './plots.ts';
import type { Table } from './suite.ts';

/** Writes the tables that the page has into it, and returns their titles. */
export function writePage(tables: readonly Table[], page: string): string[] {
  const text = readFileSync(page, 'utf8');
  const written = tables.filter(({ title }) => text.includes(`<!-- ${title} -->`));
  writeFileSync(page, written.reduce(withTable, text));
  return written.map(({ title }) => title);
}

/** The text of a page with a table in its place. */
export function withTable(page: string, table: Table): string {
  const [begin, end] = [`<!-- ${table.title} -->`, `<!-- /${table.title} -->`];
  const [before, rest] = page.split(begin);
  if (!rest?.includes(end)) throw new TypeError(`--page: expected ${begin} … ${end}, once`);
  return `${before}${begin}\n\n${timeTable(table)}\n\n${end}${rest.slice(rest.indexOf(end) + end.length)}`;
}

/** Milliseconds by x and line. */
function timeTable(table: Table): string {
  const points = pointsOf(table);
  const lines = [...new Set(points.map(({ by }) => by))];
  const lengths = [...new Set(points.map(({ x }) => x))].toSorted((a, b) => a - b);
  const cell = (x: number, by: string): string => {
    const point = points.find((candidate) => candidate.x === x && candidate.by === by);
    return point === undefined ? '' : asTime(point.y);
  };
  const rows = lengths.map((x) => [x.toLocaleString('en-US'), ...lines.map((by) => cell(x, by))]);
  const header = [table.plot?.xTitle ?? 'tokens', ...lines];
  return markdownTable([header, ...rows], { align: header.map(() => 'r') });
}

/** Milliseconds as people say them, three digits. */
function asTime(ms: number): string {
  const [value, unit] = ms >= 1000 ? [ms / 1000, 's'] : [ms, 'ms'];
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}
