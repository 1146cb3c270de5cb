/** Where answers stand in a context: from tokens to characters, and to whole words. */
import type { TokenizedText } from '../../tokenizer.ts';

/** A place in a text, in UTF-16 units. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** The places of tokens, or of the words that they are of. */
export class Places {
  private readonly offsets: NonNullable<TokenizedText['offsets']>;
  /** By the index of a token: the first and the last token of its word. */
  private readonly firsts: Int32Array;
  private readonly lasts: Int32Array;

  /** Without words, each token is one. */
  constructor({ ids, offsets = [], words, sequences }: TokenizedText, alignToWords: boolean) {
    this.offsets = offsets;
    this.firsts = Int32Array.from(ids, (_, i) => i);
    this.lasts = this.firsts.slice();
    if (words === undefined || !alignToWords) return;
    const isOneWord = (i: number): boolean =>
      words[i] !== null && words[i] === words[i - 1] && sequences?.[i] === sequences?.[i - 1];
    for (let i = 1; i < ids.length; i++) if (isOneWord(i)) this.firsts[i] = this.firsts[i - 1];
    for (let i = ids.length - 1; i > 0; i--) if (isOneWord(i)) this.lasts[i - 1] = this.lasts[i];
  }

  /**
   * The place of tokens from `first` to `last`, with the rest of their words as far as that lies in the
   * tokens from `from` to before `to`.
   */
  of(first: number, last: number, from: number = 0, to: number = this.firsts.length): Place {
    return {
      start: this.offsets[Math.max(this.firsts[first], from)]?.[0] ?? 0,
      end: this.offsets[Math.min(this.lasts[last], to - 1)]?.[1] ?? 0,
    };
  }
}
