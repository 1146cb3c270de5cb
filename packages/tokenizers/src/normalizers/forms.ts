/** The normal forms of Unicode, with alignment. */
import { STRIDE } from '../steps.ts';
import { AlignedBuilder, unitsAt, type Aligned } from '../text/aligned.ts';
import type { Normalizer } from './normalizer.ts';

/** A normal form. */
export type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/**
 * A character with all that may combine with it: marks, the later parts of Korean syllables, half-width voicing
 * marks. Nobody writes 60 marks on a letter; the limit keeps hostile texts from taking quadratic time.
 */
const SEGMENT = /[^][\p{M}\u1160-\u11ff\ud7b0-\ud7ff\u3131-\u318e\uff9e\uff9f\uffa0-\uffdc]{0,60}/gu;

/** The normalizer of a normal form. */
export function normalForm(form: Form): Normalizer {
  return function* (source) {
    const { text } = source;
    if (text.normalize(form) === text) return source;
    const builder = new AlignedBuilder(text.length);
    const segments = new RegExp(SEGMENT);
    let paused = 0;
    for (let from = 0; from < text.length;) {
      segments.lastIndex = from;
      segments.test(text);
      const to = segments.lastIndex;
      const segment = text.slice(from, to);
      const image = segment.normalize(form);
      if (image === segment) builder.addSlice(source, from, to);
      else addImage(builder, source, from, to, image, form);
      from = to;
      if (from - paused > STRIDE) {
        paused = from;
        yield;
      }
    }
    return builder.finish(source.origin);
  };
}

/**
 * Adds what a segment became. In decomposed characters both have one length; a character has the span of the sources
 * that stand where its own decomposition does, so that a letter composed of several covers them all.
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
