/** Draws a pattern as a small grid of cells, each answered as a pair of runs, not position by position. */
import type { OptionKinds } from '../check/check-options.ts';
import { anything } from '../check/kinds.ts';
import { checkInteger, checkOptions, checkPattern } from './options.ts';
import type { Coverage, Pattern } from './pattern.ts';
import type { Run } from './runs.ts';

/** Options of `drawPattern`. */
export interface DrawOptions {
  /** The length of queries and of keys. */
  readonly n?: number;
  /** The length of queries; default `n`. */
  readonly queryLength?: number;
  /** The length of keys; default `n`. */
  readonly keyLength?: number;
  /** Position of query row 0; default keyLength − queryLength. */
  readonly queryOffset?: number;
  /** The batch row; default 0. */
  readonly batch?: number;
  /** The query head; default 0. */
  readonly head?: number;
  /** At most so many cells per side; default 32. */
  readonly size?: number;
}

/** A picture of a pattern. */
export interface Drawing {
  /** `cells[row][column]`: how the pattern covers this part of the query × key plane. */
  readonly cells: readonly (readonly Coverage[])[];
  /** Draws an SVG image with labelled axes. */
  toSvg(): string;
  /** Draws with characters, a row per line: `██` for all, `▒▒` for some, `·` for none. */
  toTerminal(): string;
}

const KINDS: OptionKinds<DrawOptions> = {
  n: anything,
  queryLength: anything,
  keyLength: anything,
  queryOffset: anything,
  batch: anything,
  head: anything,
  size: anything,
};

/**
 * Draws a pattern. The cost depends on `size`, not on the length. Errors: `INVALID_PATTERN`.
 *
 * @example
 * console.log(drawPattern(causal(), { n: 4096, size: 8 }).toTerminal());
 */
export function drawPattern(pattern: Pattern, options: DrawOptions): Drawing {
  checkPattern('core/drawPattern', pattern);
  const { n, batch = 0, head = 0, size = 32, ...lengths } = checkOptions('drawPattern', options, KINDS);
  const queryLength = checkInteger("drawPattern's query length", lengths.queryLength ?? n, 1);
  const keyLength = checkInteger("drawPattern's key length", lengths.keyLength ?? n, 1);
  const offset = checkInteger(
    "drawPattern's queryOffset",
    lengths.queryOffset ?? keyLength - queryLength,
    -Infinity,
  );
  checkInteger("drawPattern's size", size, 1, 512);
  const rows = cut(queryLength, offset, size);
  const columns = cut(keyLength, 0, size);
  const cells = rows.map((q) => columns.map((k) => coverageOf(pattern, batch, head, q, k)));
  return {
    cells,
    toSvg: () =>
      svg(cells, { title: pattern.type, queries: [offset, offset + queryLength], keys: [0, keyLength] }),
    toTerminal: () =>
      cells
        .map((row) =>
          row
            .map((cell) => BLOCK[cell])
            .join('')
            .trimEnd(),
        )
        .join('\n'),
  };
}

/**
 * At most `size` runs, of lengths that differ by at most one, that make up `length` positions from `offset`.
 */
function cut(length: number, offset: number, size: number): readonly Run[] {
  const cells = Math.min(length, size);
  const edge = (i: number): number => Math.floor((i * length) / cells);
  return Array.from({ length: cells }, (_, i) => ({
    start: offset + edge(i),
    step: 1,
    count: edge(i + 1) - edge(i),
  }));
}

/** Cells of at most so many pairs are counted pair by pair if the pattern answers `some`. */
const FEW = 16;

function coverageOf(pattern: Pattern, batch: number, head: number, q: Run, k: Run): Coverage {
  const answer = pattern.classify(batch, head, q, k);
  if (answer !== 'some' || q.count * k.count > FEW) return answer;
  let allowed = 0;
  for (let i = 0; i < q.count; i++) {
    for (let j = 0; j < k.count; j++) if (pattern.allows(batch, head, q.start + i, k.start + j)) allowed++;
  }
  return allowed === 0 ? 'none' : allowed === q.count * k.count ? 'all' : 'some';
}

const BLOCK: Readonly<Record<Coverage, string>> = { all: '██', some: '▒▒', none: '· ' };
const COLOUR: Readonly<Record<Coverage, string>> = { all: '#2f6fdb', some: '#a9c8f5', none: '#f1f4f9' };
const INK = '#3c4657';

const PLANE = 320;
const MARGIN_LEFT = 64;
const MARGIN_TOP = 56;

interface Labels {
  readonly title: string;
  /** First position, and the one after the last. */
  readonly queries: readonly [number, number];
  readonly keys: readonly [number, number];
}

function svg(cells: Drawing['cells'], { title, queries, keys }: Labels): string {
  const [rows, columns] = [cells.length, cells[0].length];
  const [width, height] = [MARGIN_LEFT + PLANE + 24, MARGIN_TOP + PLANE + 48];
  const middle = { x: MARGIN_LEFT + PLANE / 2, y: MARGIN_TOP + PLANE / 2 };
  const text = (x: number, y: number, anchor: string, content: string | number, more = ''): string =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}"${more}>${content}</text>`;
  const legend = (['all', 'some', 'none'] as const).map((coverage, i) => {
    const x = MARGIN_LEFT + i * 72;
    const square = `<rect x="${x}" y="${MARGIN_TOP + PLANE + 20}" width="12" height="12" rx="2" fill="${COLOUR[coverage]}"/>`;
    return `${square}${text(x + 18, MARGIN_TOP + PLANE + 30, 'start', coverage)}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="attention pattern ${escape(title)}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<rect x="${MARGIN_LEFT}" y="${MARGIN_TOP}" width="${PLANE}" height="${PLANE}" fill="${COLOUR.none}"/>`,
    `<g shape-rendering="crispEdges">${rectangles(cells, PLANE / columns, PLANE / rows)}</g>`,
    `<rect x="${MARGIN_LEFT}" y="${MARGIN_TOP}" width="${PLANE}" height="${PLANE}" fill="none" stroke="${INK}" stroke-opacity="0.35"/>`,
    `<g font-family="system-ui, sans-serif" font-size="12" fill="${INK}">`,
    text(middle.x, MARGIN_TOP - 28, 'middle', 'key position'),
    text(MARGIN_LEFT, MARGIN_TOP - 8, 'start', keys[0]),
    text(MARGIN_LEFT + PLANE, MARGIN_TOP - 8, 'end', keys[1] - 1),
    text(20, middle.y, 'middle', 'query position', ` transform="rotate(-90 20 ${middle.y})"`),
    text(MARGIN_LEFT - 8, MARGIN_TOP + 12, 'end', queries[0]),
    text(MARGIN_LEFT - 8, MARGIN_TOP + PLANE, 'end', queries[1] - 1),
    ...legend,
    '</g>',
    '</svg>',
  ].join('\n');
}

/** One rectangle for each stretch of equal cells in a row. */
function rectangles(cells: Drawing['cells'], width: number, height: number): string {
  return cells
    .flatMap((row, r) => {
      const starts = row.map((_, c) => c).filter((c) => c === 0 || row[c] !== row[c - 1]);
      return starts.map((c, i) => {
        const end = starts[i + 1] ?? row.length;
        const place = `x="${round(MARGIN_LEFT + c * width)}" y="${round(MARGIN_TOP + r * height)}"`;
        const extent = `width="${round((end - c) * width)}" height="${round(height)}"`;
        return row[c] === 'none' ? '' : `<rect ${place} ${extent} fill="${COLOUR[row[c]]}"/>`;
      });
    })
    .join('');
}

function escape(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
