/** Tables as Markdown for people and docs, and as JSON for programs. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { markdownTable } from 'markdown-table';
import type { Table } from './suite.ts';

/** The machine, the revision and the date of the figures. */
export interface Conditions {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly revision: string;
}

/** The current machine, revision and date. */
export function conditions(): Conditions {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    revision: revision(),
  };
}

/** The tables as Markdown, under a line that states the conditions. */
export function toMarkdown(tables: readonly Table[], at: Conditions): string {
  const head = `${at.cpu}, ${at.cores} cores, Node ${at.node}, revision ${at.revision}, ${at.date}`;
  return [head, ...tables.map(tableMarkdown)].join('\n\n') + '\n';
}

function tableMarkdown({ title, note, rows }: Table): string {
  const columns = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => columns.map((column) => show(row[column])));
  const align = columns.map((column) => (typeof rows[0]?.[column] === 'number' ? 'r' : 'l'));
  return `### ${title}\n\n${note}\n\n${markdownTable([columns, ...cells], { align })}`;
}

function show(cell: string | number | undefined): string {
  if (typeof cell !== 'number') return cell ?? '';
  if (Number.isInteger(cell)) return cell.toLocaleString('en-US');
  return Math.abs(cell) >= 100 ? cell.toFixed(0) : cell.toPrecision(3);
}

function revision(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  } catch {
    return 'unknown';
  }
}
