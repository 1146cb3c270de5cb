/** Cuts a text where spans begin and end, so that each piece is covered by the same spans throughout. */

/** A part of a text that has a label. */
export interface Span {
  /** The first UTF-16 unit. */
  readonly start: number;
  /** The unit after the last. */
  readonly end: number;
  readonly label: string;
  readonly score?: number | undefined;
}

/** A span and its lane: spans that overlap are in different ones, so that their underlines are, too. */
export interface PlacedSpan extends Span {
  readonly lane: number;
}

/** A part of a text within which no span begins or ends. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  /** The spans that cover it, those that began first in front; of those that began together the longest. */
  readonly spans: readonly PlacedSpan[];
}

/** The pieces of a text of this length, in order. Spans may overlap; what is beyond the text is left out. */
export function piecesOf(length: number, spans: readonly Span[]): readonly Piece[] {
  const inside = spans
    .map((span) => ({ ...span, start: Math.max(span.start, 0), end: Math.min(span.end, length) }))
    .filter(({ start, end }) => start < end)
    .toSorted((a, b) => a.start - b.start || b.end - a.end);
  const cuts = new Set([0, length, ...inside.flatMap(({ start, end }) => [start, end])]);
  const places = [...cuts].toSorted((a, b) => a - b);
  const pieces: Piece[] = [];
  let open: PlacedSpan[] = [];
  let next = 0;
  for (const [i, start] of places.slice(0, -1).entries()) {
    open = open.filter(({ end }) => end > start);
    while (next < inside.length && inside[next].start === start)
      open.push({ ...inside[next++], lane: freeLane(open) });
    pieces.push({ start, end: places[i + 1], spans: [...open] });
  }
  return pieces;
}

/** The first lane that no open span is in. */
function freeLane(open: readonly PlacedSpan[]): number {
  const lanes = new Set(open.map(({ lane }) => lane));
  let lane = 0;
  while (lanes.has(lane)) lane += 1;
  return lane;
}
