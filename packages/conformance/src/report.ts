/** A summary of a whole run for people: the number of cases of each op that passed on each backend. */
import type { CaseResult } from './runner.ts';

/** Results of one backend. */
export interface BackendResults {
  readonly backend: string;
  readonly results: readonly CaseResult[];
}

/**
 * A table with a row for each op and a column for each backend: `412/412` (passed
 * of all), `400/412 (12 unsupported)`. Below it is the first line of every failure.
 *
 * @example
 * console.log(formatReport([{ backend: 'mine', results }]));
 */
export function formatReport(columns: readonly BackendResults[]): string {
  const opNames = [...new Set(columns.flatMap(({ results }) => results.map(({ id }) => opOf(id))))];
  const cell = (results: readonly CaseResult[]): string => {
    const count = (status: CaseResult['status']): number => results.filter((r) => r.status === status).length;
    const unsupported = count('unsupported');
    const note = unsupported > 0 ? ` (${unsupported} unsupported)` : '';
    return results.length === 0 ? '–' : `${count('passed')}/${results.length}${note}`;
  };
  const rows = [...opNames, 'all'].map((op) => [
    op,
    ...columns.map(({ results }) =>
      cell(op === 'all' ? results : results.filter(({ id }) => opOf(id) === op)),
    ),
  ]);
  const table = aligned([['op', ...columns.map(({ backend }) => backend)], ...rows]);
  const failures = columns.flatMap(({ results }) =>
    results.flatMap((result) =>
      result.status === 'failed' ? [`✗ ${result.message.split('\n', 1)[0]}`] : [],
    ),
  );
  return [...table, ...failures].join('\n');
}

function opOf(id: string): string {
  return id.split(':')[1];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}
