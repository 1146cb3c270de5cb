/** What a normalizer is: it changes a text and keeps for every character the span that it came from. */
import { finish, STRIDE, type Steps } from '../steps.ts';
import { Aligned, AlignedBuilder } from '../text/aligned.ts';
import { unitsAt } from '../text/units.ts';

/** Changes a part of a text, in small steps. A text in which nothing changes is returned as it is. */
export type Normalizer = (source: Aligned) => Steps<Aligned>;

/** Several normalizers, one after the other. */
export function inOrder(normalizers: readonly Normalizer[]): Normalizer {
  return function* (source) {
    let result = source;
    for (const normalizer of normalizers) result = yield* normalizer(result);
    return result;
  };
}

/** A text by itself, normalized at once: added tokens are found in their normalized form. */
export function normalizeText(normalizer: Normalizer, text: string): string {
  return finish(normalizer(new Aligned(text, 0))).text;
}

/**
 * A normalizer that maps every code point to a text, which may be empty, whatever stands around it. `map` is
 * asked once for each code point.
 */
export function mapCharacters(map: (character: string, codePoint: number) => string): Normalizer {
  const images = new Map<number, string>();
  const imageOf = (codePoint: number) => {
    let image = images.get(codePoint);
    if (image === undefined) {
      image = map(String.fromCodePoint(codePoint), codePoint);
      images.set(codePoint, image);
    }
    return image;
  };
  /** ASCII characters that become one unit, as that unit; -1 for all others. */
  const ascii = Int32Array.from({ length: 128 }, (_, unit) => {
    const image = imageOf(unit);
    return image.length === 1 ? image.charCodeAt(0) : -1;
  });

  /** Adds the images of the characters from `from` to at least `to`; returns where it stopped. */
  function advance(source: Aligned, builder: AlignedBuilder, from: number, to: number): number {
    const { text } = source;
    let index = from;
    while (index < to) {
      const unit = text.charCodeAt(index);
      if (unit < 128 && ascii[unit] !== -1) {
        builder.add(ascii[unit], source.startAt(index), source.endBefore(index + 1));
        index += 1;
        continue;
      }
      const units = unitsAt(text, index);
      const image = imageOf(text.codePointAt(index) ?? 0);
      builder.addText(image, source.startAt(index), source.endBefore(index + units));
      index += units;
    }
    return index;
  }

  return function* (source) {
    const { length } = source.text;
    const builder = new AlignedBuilder(length);
    for (let index = 0; index < length;) {
      index = advance(source, builder, index, Math.min(index + STRIDE, length));
      yield;
    }
    const result = builder.finish(source.origin);
    return result.text === source.text ? source : result;
  };
}
