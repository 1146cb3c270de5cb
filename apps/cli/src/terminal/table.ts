/**
 * Plain aligned columns, with bold titles in terminals that can show
 * them. Node itself honours NO_COLOR and TERM=dumb.
 */

/** A column: its title and its alignment. Numbers are aligned to the right. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Lines of a table. Every row has one cell for each column. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) => Math.max(width(title), ...rows.map((row) => width(row[i]))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const padding = ' '.repeat(widths[i] - width(cell));
        return columns[i].align === 'right' ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return [bold(line(columns.map(({ title }) => title))), ...rows.map(line)].join('\n');
}

/** Lines of `label  value`. */
export function fields(pairs: readonly (readonly [label: string, value: string])[]): string {
  const longest = Math.max(...pairs.map(([label]) => label.length));
  return pairs.map(([label, value]) => `${label.padEnd(longest)}  ${value}`).join('\n');
}

/** Bold where standard output shows it. */
export function bold(text: string): string {
  return process.stdout.isTTY && process.stdout.hasColors() ? `\x1b[1m${text}\x1b[22m` : text;
}

/** Width in characters, not in UTF-16 units. Every character printed here is one cell wide. */
function width(text: string): number {
  return [...text].length;
}
