/**
 * sentencepiece's own normalizer: user-defined pieces are copied, charsmap rules replace the longest text
 * that they fit, runs of spaces become one "▁", and one stands before the whole.
 */
import { STRIDE, type Steps } from '../steps.ts';
import { AlignedBuilder, type Aligned } from '../text/aligned.ts';
import { unitsAt } from '../text/units.ts';
import type { Trie } from '../text/trie.ts';
import { addReplacement, type Charsmap } from './charsmap.ts';
import type { Normalizer } from './normalizer.ts';

/** What a model file says about normalization. */
export interface SentencepieceOptions {
  readonly charsmap: Charsmap | undefined;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  /** Pieces of type 4, which no rule changes. */
  readonly userDefined: Trie;
}

const SPACE = 0x20;

/** What stands for a space. */
export const MARK = '▁';
const MARK_UNIT: number = MARK.charCodeAt(0);

/** The normalizer of a model file. */
export function sentencepieceNormalizer(options: SentencepieceOptions): Normalizer {
  return function* (source) {
    return yield* spacesMarked(yield* replaced(source, options), options);
  };
}

/** Applies the rules of the charsmap. */
function* replaced(source: Aligned, options: SentencepieceOptions): Steps<Aligned> {
  const { charsmap, userDefined } = options;
  if (charsmap === undefined) return source;
  const { text } = source;
  const builder = new AlignedBuilder(text.length);
  let isChanged = false;
  let paused = 0;
  for (let from = 0; from < text.length;) {
    const ownEnd = userDefined.longest(text, from);
    const match = ownEnd === -1 ? charsmap.matchAt(text, from) : undefined;
    const end = match?.end ?? (ownEnd === -1 ? from + unitsAt(text, from) : ownEnd);
    if (match === undefined) builder.addSlice(source, from, end);
    else addReplacement(builder, source, from, end, match.replacement);
    isChanged ||= match !== undefined;
    from = end;
    if (from - paused > STRIDE) {
      paused = from;
      yield;
    }
  }
  return isChanged ? builder.finish(source.origin) : source;
}

/** Makes marks of spaces. The mark of a run of spaces has the span of the last. */
function* spacesMarked(source: Aligned, options: SentencepieceOptions): Steps<Aligned> {
  const { addDummyPrefix, removeExtraWhitespaces: removes } = options;
  const { text } = source;
  const builder = new AlignedBuilder(text.length + 1);
  let first = 0;
  if (removes) while (text.charCodeAt(first) === SPACE) first += 1;
  if (first === text.length) return builder.finish(source.origin);

  if (addDummyPrefix) {
    // Where spaces were dropped, the mark stands for the last of them; else it shares the first character's
    // span.
    const at = Math.max(0, first - 1);
    const units = unitsAt(text, at);
    builder.add(MARK_UNIT, source.startAt(at), source.endBefore(at + units));
  }
  for (let from = first; from < text.length; from += STRIDE) {
    const to = Math.min(text.length, from + STRIDE);
    for (let index = from; index < to; index++) {
      const unit = text.charCodeAt(index);
      if (unit === SPACE && removes && text.charCodeAt(index + 1) === SPACE) continue;
      builder.add(unit === SPACE ? MARK_UNIT : unit, source.startAt(index), source.endBefore(index + 1));
    }
    yield;
  }
  const result = builder.finish(source.origin);
  let end = result.text.length;
  if (removes) while (result.text.charCodeAt(end - 1) === MARK_UNIT) end -= 1;
  return end === result.text.length ? result : result.slice(0, end);
}
