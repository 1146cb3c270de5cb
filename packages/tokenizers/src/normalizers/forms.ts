/** The normal forms of Unicode, with alignment. */
import { STRIDE } from '../steps.ts';
import { AlignedBuilder, type Aligned } from '../text/aligned.ts';
import { isAscii, unitsAt } from '../text/units.ts';
import type { Normalizer } from './normalizer.ts';

/** A normal form. */
export type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/**
 * Characters that may combine with those before: marks, later parts of Korean syllables, half-width voicing
 * marks.
 */
const JOINING = String.raw`[\p{M}\u1160-\u11ff\ud7b0-\ud7ff\u3131-\u318e\uff9e\uff9f\uffa0-\uffdc]`;

/**
 * Normalizing takes quadratic time in the number of marks on one letter. Nobody writes 60 of them; there a
 * segment ends.
 */
const SEGMENT = new RegExp(`[^]${JOINING}{0,60}`, 'gu');

/** A part of a text that is looked at as a whole first, about this long. */
const BLOCK = 1_000;
const BLOCK_END = new RegExp(`${JOINING}{0,60}`, 'uy');

/** The normalizer of a normal form. */
export function normalForm(form: Form): Normalizer {
  return function* (source) {
    const { text } = source;
    if (yield* isAscii(text)) return source;
    const builder = new AlignedBuilder(text.length);
    let isChanged = false;
    let paused = 0;
    for (let from = 0; from < text.length;) {
      const to = blockEnd(text, from);
      const block = text.slice(from, to);
      if (block.normalize(form) === block) {
        builder.addSlice(source, from, to);
      } else {
        isChanged = true;
        addBlock(builder, source, from, to, form);
      }
      from = to;
      if (from - paused > STRIDE) {
        paused = from;
        yield;
      }
    }
    return isChanged ? builder.finish(source.origin) : source;
  };
}

/** Where a block ends: before a character that does not combine with those before it. */
function blockEnd(text: string, from: number): number {
  let end = from + BLOCK;
  if (end >= text.length) return text.length;
  if (unitsAt(text, end - 1) === 2) end += 1;
  const joining = new RegExp(BLOCK_END);
  joining.lastIndex = end;
  joining.test(text);
  return joining.lastIndex;
}

/** Adds the normal form of a block, segment by segment. */
function addBlock(builder: AlignedBuilder, source: Aligned, from: number, to: number, form: Form): void {
  const segments = new RegExp(SEGMENT);
  const block = source.text.slice(from, to);
  for (let at = 0; at < block.length;) {
    segments.lastIndex = at;
    segments.test(block);
    const end = segments.lastIndex;
    const segment = block.slice(at, end);
    const image = segment.normalize(form);
    if (image === segment) builder.addSlice(source, from + at, from + end);
    else addImage(builder, source, from + at, from + end, image, form);
    at = end;
  }
}

/**
 * Adds what a segment became. In decomposed characters both have one length; a character has the span of
 * the sources that stand where its own decomposition does, so that a letter composed of several covers them
 * all.
 */
function addImage(
  builder: AlignedBuilder,
  source: Aligned,
  from: number,
  to: number,
  image: string,
  form: Form,
): void {
  const decomposed = form === 'NFC' || form === 'NFD' ? 'NFD' : 'NFKD';
  const lengthOf = (text: string) => text.normalize(decomposed).length;
  let index = from;
  let end = from;
  /** How many decomposed units the sources before `end` have, and the image so far. */
  let sourceUnits = 0;
  let imageUnits = 0;
  const take = () => {
    index = end;
    end = index + unitsAt(source.text, index);
    sourceUnits += lengthOf(source.text.slice(index, end));
  };
  for (const character of image) {
    while (sourceUnits <= imageUnits && end < to) take();
    const start = source.startAt(index);
    imageUnits += lengthOf(character);
    while (sourceUnits < imageUnits && end < to) take();
    builder.addText(character, start, source.endBefore(end));
  }
}
