/**
 * RoBERTa's trimming: the space that a token begins with is not part of its span.
 */
import type { TokenList } from '../models/token-list.ts';
import { SPACE_LETTER } from '../text/byte-letters.ts';
import { isWhiteSpace } from '../text/characters.ts';

/** Takes white space off the spans of tokens. */
export class Trimmer {
  private readonly addPrefixSpace: boolean;
  private readonly idToToken: (id: number) => string | undefined;
  /** Leading and trailing spaces of each token that was asked for. */
  private readonly margins = new Map<number, readonly [number, number]>();

  /** @param addPrefixSpace whether a space was put before the text, which the first token then keeps */
  constructor(addPrefixSpace: boolean, idToToken: (id: number) => string | undefined) {
    this.addPrefixSpace = addPrefixSpace;
    this.idToToken = idToToken;
  }

  /** The span of token i; `isFirst` says whether it is the first of its text in a window. */
  span(tokens: TokenList, i: number, isFirst: boolean): [number, number] {
    let [start, end] = [tokens.startAt(i), tokens.endAt(i)];
    const [leading, trailing] = tokens.margins.get(i) ?? this.marginsOf(tokens.idAt(i));
    // A single space at the start may have been put in; it stays.
    const isPrefix = leading === 1 && this.addPrefixSpace && (isFirst || start === 0);
    if (!isPrefix) start = Math.min(start + leading, end);
    if (trailing > 0 && end >= trailing) end = Math.max(end - trailing, start);
    return [start, end];
  }

  private marginsOf(id: number): readonly [number, number] {
    let result = this.margins.get(id);
    if (result === undefined) {
      result = marginsOf(this.idToToken(id) ?? '');
      this.margins.set(id, result);
    }
    return result;
  }
}

/** How many spaces a text begins and ends with. */
export function marginsOf(text: string): readonly [number, number] {
  const isSpace = (at: number) => text[at] === SPACE_LETTER || isWhiteSpace(text.charCodeAt(at));
  let [leading, trailing] = [0, 0];
  while (leading < text.length && isSpace(leading)) leading += 1;
  while (trailing < text.length && isSpace(text.length - 1 - trailing)) trailing += 1;
  return [leading, trailing];
}
