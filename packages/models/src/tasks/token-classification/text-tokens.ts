/** The tokens of a text: where they lie in it, how they are written, which of them go on a word. */
import { AttnError } from '@attn/core';
import { repeatedOf } from '../../encode/windows.ts';
import type { TextTokenizer, TokenizedText } from '../../tokenizer.ts';

/** A text and its tokens; places are those of all tokens, special ones included. */
export class TextTokens {
  readonly text: string;
  /** The place of the first token that is not special. */
  readonly from: number;
  /** The place after the last one. */
  readonly to: number;
  readonly offsets: readonly (readonly [start: number, end: number] | null)[];
  /** The number of all tokens. */
  readonly length: number;
  private readonly ids: readonly number[];
  private readonly tokenizer: TextTokenizer;

  /** Errors: `UNSUPPORTED` where the tokenizer does not say where tokens lie. */
  constructor(where: string, text: string, tokens: TokenizedText, tokenizer: TextTokenizer) {
    const { before, after } = repeatedOf(tokens);
    const { ids, offsets } = tokens;
    this.text = text;
    this.ids = ids;
    this.length = ids.length;
    this.tokenizer = tokenizer;
    this.from = before;
    this.to = ids.length - after;
    if (offsets === undefined || offsets.slice(this.from, this.to).includes(null)) {
      const message = 'token-classification needs a tokenizer that gives the offsets of all tokens of a text';
      throw new AttnError('UNSUPPORTED', where, message);
    }
    this.offsets = offsets;
  }

  /** Where a token begins in the text. */
  start(place: number): number {
    return this.offsets[place]?.[0] ?? 0;
  }

  /** Where a token ends in the text. */
  end(place: number): number {
    return this.offsets[place]?.[1] ?? 0;
  }

  /**
   * Whether a token goes on a word, by the rule of the original. A token with a mark for that is longer than
   * its text; so is one whose text was changed by the normalizer. Where there are no marks, a token goes on a
   * word when there is no space before it, and none at its beginning.
   */
  goesOn(place: number): boolean {
    const { text } = this;
    if (this.isUnknown(place)) return false;
    const start = this.start(place);
    if (this.tokenizer.continuingPrefix === undefined)
      return start > 0 && text[start - 1] !== ' ' && text[start] !== ' ';
    const own = this.part(place);
    return lengthOf(this.tokenizer.idToToken?.(this.ids[place]) ?? own) !== lengthOf(own);
  }

  /** Tokens as a text: decoded, and the unknown ones as they stand in the text. */
  word(from: number, to: number): string {
    let word = '';
    for (let place = from; place < to;) {
      const end = this.endOfRun(place, to);
      const part = this.isUnknown(place) ? this.part(place) : this.decoded(place, end);
      const isApart = word !== '' && /\s/u.test(this.text.charAt(this.start(place) - 1));
      word += isApart && !/^\s/u.test(part) ? ` ${part}` : part;
      place = end;
    }
    return word;
  }

  private decoded(from: number, to: number): string {
    return this.tokenizer.decode(this.ids.slice(from, to), { skipSpecialTokens: false });
  }

  /** The place after an unknown token, or before the next one. */
  private endOfRun(from: number, to: number): number {
    let end = from + 1;
    if (!this.isUnknown(from)) while (end < to && !this.isUnknown(end)) end += 1;
    return end;
  }

  private part(place: number): string {
    return this.text.slice(this.start(place), this.end(place));
  }

  private isUnknown(place: number): boolean {
    return this.ids[place] === this.tokenizer.unkId;
  }
}

/** The number of code points. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}
