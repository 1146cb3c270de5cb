/**
 * Chunks of texts, for late chunking: the model sees a text as a whole, and each chunk becomes a vector
 * of its own, out of the states of its tokens. Günther et al. 2024, https://arxiv.org/abs/2409.04701
 */
import { AttnError } from '@attn/core';
import { isList, show } from '@attn/core/backend';
import type { Span } from '@attn/tokenizers';
import type { TokenizedText } from '../tokenizer.ts';
import type { TokenGroup } from './gather-states.ts';
import { isPair } from './windows.ts';

/**
 * Which chunks a text is made of: its `sentences`, pieces of so many tokens, or the places of chunks, each
 * from the first UTF-16 unit to before the last. For several texts, a list of places for each.
 */
export type TextChunks = 'sentences' | number | readonly Span[] | readonly (readonly Span[])[];

/** A chunk of a text. */
export interface TextChunk {
  /** Index of the text. */
  readonly text: number;
  /** Where the chunk lies in the text, in UTF-16 units, as `slice` takes them. */
  readonly start: number;
  readonly end: number;
}

/** TextChunks, and the tokens of each. */
export interface ChunkPlan {
  readonly chunks: readonly TextChunk[];
  readonly groups: readonly TokenGroup[];
}

/** The place of a token: that of its last character, as spaces stand at the beginning of tokens. */
interface Place {
  readonly token: number;
  readonly start: number;
  readonly end: number;
}

/** The kind of the option. */
export const someChunks = {
  expected: '"sentences", a positive number of tokens, or a list of places [start, end]',
  test: (value: unknown): boolean =>
    value === 'sentences' || (Number.isSafeInteger(value) && Number(value) > 0) || isList(value),
};

/**
 * Finds the tokens of all chunks. `prompt` stands before the text in which tokens have their places.
 * Errors: `INVALID_ARGUMENT`.
 */
export function planChunks(
  where: string,
  request: TextChunks,
  texts: readonly TokenizedText[],
  sources: readonly (string | undefined)[],
  prompt: string,
): ChunkPlan {
  const plans = texts.map((tokens, text): ChunkPlan => {
    const source = sources[text];
    if (source === undefined || tokens.offsets === undefined || isPair(tokens)) {
      const message = `chunks are for single texts whose tokenizer says where tokens lie, got ${source === undefined ? 'ids' : 'others'} as input ${text}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
    const places = placesOf(tokens, prompt.length);
    const spans = spansOf(where, request, { text, count: texts.length, source, places });
    return fill(where, text, spans, places, typeof request === 'object');
  });
  return { chunks: plans.flatMap(({ chunks }) => chunks), groups: plans.flatMap(({ groups }) => groups) };
}

/** Places in the caller's own text; tokens of the prompt are left out. */
function placesOf({ offsets = [], sequences }: TokenizedText, promptLength: number): readonly Place[] {
  return offsets.flatMap((span, token) => {
    if (span === null || sequences?.[token] === null) return [];
    const [start, end] = [span[0] - promptLength, span[1] - promptLength];
    return end <= 0 ? [] : [{ token, start: Math.max(start, 0), end }];
  });
}

interface TextPlaces {
  readonly text: number;
  readonly count: number;
  readonly source: string;
  readonly places: readonly Place[];
}

function spansOf(
  where: string,
  request: TextChunks,
  { text, count, source, places }: TextPlaces,
): readonly Span[] {
  if (request === 'sentences') return sentencesOf(where, source);
  if (typeof request === 'number')
    return Array.from({ length: Math.ceil(places.length / request) }, (_, i) => {
      const part = places.slice(i * request, (i + 1) * request);
      return [part[0].start, part[part.length - 1].end];
    });
  const lists: readonly unknown[] = Array.from<unknown>(request);
  const own = isSpan(lists[0]) ? (count === 1 ? lists : undefined) : lists[text];
  if (!isList(own) || lists.length !== (isSpan(lists[0]) ? lists.length : count)) {
    const message = `chunks must be a list of places for each of ${count} texts, got ${show(request)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  return Array.from(own as ArrayLike<unknown>, (span, i) => {
    if (isSpan(span) && span[0] >= 0 && span[0] < span[1] && span[1] <= source.length) return span;
    const message = `chunks must be places [start, end] in text ${text}, which has ${source.length} UTF-16 units, got ${show(span)} at [${i}]`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  });
}

function isSpan(value: unknown): value is Span {
  return Array.isArray(value) && value.length === 2 && value.every((place) => Number.isSafeInteger(place));
}

/** The sentences of a text, without the white space around them, by the rules of Unicode (UAX 29). */
function sentencesOf(where: string, source: string): readonly Span[] {
  if (typeof Intl === 'undefined' || Intl.Segmenter === undefined) {
    const message = 'this host cannot find sentences, as it has no Intl.Segmenter: give the places of chunks';
    throw new AttnError('UNSUPPORTED', where, message);
  }
  const spans: Span[] = [];
  for (const { segment, index } of new Intl.Segmenter('en', { granularity: 'sentence' }).segment(source)) {
    const text = segment.trim();
    const start = index + segment.indexOf(text);
    if (text !== '') spans.push([start, start + text.length]);
  }
  return spans;
}

/**
 * The tokens of spans: those whose last character is in it. A span without tokens is an error if the caller
 * gave it.
 */
function fill(
  where: string,
  text: number,
  spans: readonly Span[],
  places: readonly Place[],
  isGiven: boolean,
): ChunkPlan {
  const chunks: TextChunk[] = [];
  const groups: TokenGroup[] = [];
  for (const [start, end] of spans) {
    const first = firstPlace(places, start);
    const last = firstPlace(places, end);
    if (first < last) {
      chunks.push({ text, start, end });
      groups.push({ text, from: places[first].token, to: places[last - 1].token + 1, isText: false });
    } else if (isGiven) {
      const message = `a chunk must have at least one token, got ${show([start, end])} of text ${text}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
  }
  return { chunks, groups };
}

/** The number of the first token whose last character is at `from` or behind it. */
function firstPlace(places: readonly Place[], from: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Math.max(places[middle].end - 1, places[middle].start) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
