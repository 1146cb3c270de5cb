/** Cuts texts into passages: the pieces that are searched and shown. */

/** A passage of a text, in UTF-16 units, as `slice` takes them. */
export type PassageSpan = readonly [start: number, end: number];

/** White space that ends a paragraph. */
const PARAGRAPH = /\n\s*\n/;

/** Something that every tokenizer has a token for. */
const CONTENT = /[\p{L}\p{N}]/u;

const SENTENCES = new Intl.Segmenter('en', { granularity: 'sentence' });

/**
 * Cuts a text into passages of at most `length` UTF-16 units. A passage is of whole sentences, by the rules
 * of Unicode (UAX 29), and of whole paragraphs where one fills more than half of it; longer sentences are cut
 * between words. What has no letter and no digit is no passage.
 */
export function cutPassages(text: string, length: number): PassageSpan[] {
  const spans: PassageSpan[] = [];
  let [start, end] = [0, 0];
  const flush = (): void => {
    const span = trimmed(text, start, end);
    if (span !== undefined) spans.push(span);
  };
  for (const piece of piecesOf(text, length)) {
    const isNewParagraph = PARAGRAPH.test(text.slice(Math.max(start, end - 8), piece[0] + 1));
    const isFull = piece[1] - start > length;
    if (end > start && (isFull || (isNewParagraph && end - start > length / 2))) {
      flush();
      start = piece[0];
    }
    if (end <= start) start = piece[0];
    end = piece[1];
  }
  flush();
  return spans;
}

/** Sentences of at most so many units, with the white space behind them. */
function* piecesOf(text: string, length: number): Generator<PassageSpan> {
  for (const { segment, index } of SENTENCES.segment(text)) {
    let start = index;
    const end = index + segment.length;
    while (end - start > length) {
      const cut = cutBefore(text, start, start + length);
      yield [start, cut];
      start = cut;
    }
    yield [start, end];
  }
}

/** A place to cut, at most `limit`: behind white space, else between characters. */
function cutBefore(text: string, start: number, limit: number): number {
  for (let place = limit; place > start + (limit - start) / 2; place--)
    if (/\s/.test(text[place - 1])) return place;
  const splitsPair = /[\uD800-\uDBFF]/.test(text[limit - 1]) && limit - 1 > start;
  return splitsPair ? limit - 1 : limit;
}

/** A span without the white space around it; undefined for one without content. */
function trimmed(text: string, start: number, end: number): PassageSpan | undefined {
  const part = text.slice(start, end);
  if (!CONTENT.test(part)) return undefined;
  const from = start + part.length - part.trimStart().length;
  return [from, from + part.trim().length];
}
