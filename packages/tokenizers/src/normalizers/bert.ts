/**
 * BERT's normalizer: clean, spaces around ideographs, accents, lower case. Each maps characters one by one.
 */
import { isCjk, isWhiteSpace } from '../text/characters.ts';
import { mapCharacters, type Normalizer } from './normalizer.ts';

/** The options of a `BertNormalizer`. */
export interface BertOptions {
  readonly cleanText: boolean;
  readonly handleChineseChars: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

// Unassigned characters stay. A lone half of a surrogate pair (Cs) is no text.
const DROPPED = /^[\p{Cc}\p{Cf}\p{Co}\p{Cs}\0\ufffd]$/u;

/** BERT's normalizer with these options. */
export function bertNormalizer(options: BertOptions): Normalizer {
  const { cleanText, handleChineseChars, stripAccents, lowercase } = options;
  return mapCharacters((character, codePoint) => {
    let image = character;
    if (cleanText) {
      if (isWhiteSpace(codePoint) && !isControlSpace(codePoint)) return ' ';
      if (DROPPED.test(character)) return '';
    }
    if (handleChineseChars && isCjk(codePoint)) image = ` ${image} `;
    if (stripAccents) image = image.normalize('NFD').replace(/\p{Mn}/gu, '');
    // Code point by code point: a sigma at the end of a word is as any other.
    return lowercase ? Array.from(image, (part) => part.toLowerCase()).join('') : image;
  });
}

/** Control characters that are white space, but are dropped as controls: all but tab, line feed, return. */
function isControlSpace(codePoint: number): boolean {
  return codePoint === 11 || codePoint === 12 || codePoint === 0x85;
}
