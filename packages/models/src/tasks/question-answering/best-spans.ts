/** The best spans of tokens by the logits of their starts and ends. */

/** A span with the sum of the logits of its start and its end. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly logit: number;
}

/** Spans beyond twice as many as are kept that may wait until they are sorted. */
const SPARE = 64;

/** Keeps the best of many spans; of those with equal starts and ends only the best. */
export class BestSpans {
  private readonly most: number;
  private spans: Span[] = [];
  private floor = -Infinity;

  /** @param most the most spans that are kept */
  constructor(most: number) {
    this.most = most;
  }

  /** A span that is not better than this is none of the best. */
  get least(): number {
    return this.floor;
  }

  /** Adds a span. */
  add(start: number, end: number, logit: number): void {
    if (!(logit > this.floor)) return;
    this.spans.push({ start, end, logit });
    if (this.spans.length >= 2 * this.most + SPARE) this.prune();
  }

  /** The best first; of equal ones that which starts or else ends first. */
  sorted(): readonly Span[] {
    this.prune();
    return this.spans;
  }

  private prune(): void {
    const places = new Set<string>();
    this.spans = this.spans
      .toSorted((a, b) => b.logit - a.logit || a.start - b.start || a.end - b.end)
      .filter(({ start, end }) => {
        const place = `${start},${end}`;
        return !places.has(place) && places.add(place);
      })
      .slice(0, this.most);
    if (this.spans.length === this.most) this.floor = this.spans[this.most - 1].logit;
  }
}

/** Receives spans, and says which need not be found. */
export interface SpanReceiver {
  /** Spans that are not better may be left out. */
  readonly least: number;
  add(first: number, last: number, logit: number): void;
}

/**
 * Finds spans from a token to one that is less than `maxTokens` further on. It takes tokens × `maxTokens`
 * steps at most: a start that is too bad even for the best of all ends takes one.
 */
export function findSpans(
  starts: ArrayLike<number>,
  ends: ArrayLike<number>,
  maxTokens: number,
  receiver: SpanReceiver,
): void {
  let bestEnd = -Infinity;
  for (let i = 0; i < ends.length; i++) bestEnd = Math.max(bestEnd, ends[i]);
  for (let first = 0; first < starts.length; first++) {
    if (starts[first] + bestEnd <= receiver.least) continue;
    const stop = Math.min(first + maxTokens, ends.length);
    for (let last = first; last < stop; last++) {
      const logit = starts[first] + ends[last];
      if (logit > receiver.least) receiver.add(first, last, logit);
    }
  }
}
