/** What a text becomes. */
import type { Steps } from '../steps.ts';

/** Where a token lies in its text: from the first UTF-16 unit to before the last, as `slice` takes them. */
export type Span = readonly [start: number, end: number];

/** The tokens of a text, or of two, in columns of one length. */
export interface Encoding {
  readonly ids: readonly number[];
  /** Where each token lies in its text; null for tokens that the template adds. */
  readonly offsets: readonly (Span | null)[];
  /** The token types that a model takes: mostly 0 for the first text and 1 for the second. */
  readonly typeIds: readonly number[];
  /** 1 for tokens that the template adds. A special token that is written in the text has 0. */
  readonly special: readonly number[];
  /**
   * Which text each token is of, and so what its offsets count in; null for tokens that the template adds.
   */
  readonly sequences: readonly (0 | 1 | null)[];
  /**
   * The number, in its text, of the word that each token is of; null for tokens that the template adds. Words
   * are what the pre-tokenizer cuts a text into, such as `whale` and `'s`, and added tokens. Without a
   * pre-tokenizer all text between added tokens is one word.
   */
  readonly words: readonly (number | null)[];
}

/** A text in windows of a length that a model takes. Its own columns are those of the first window. */
export interface WindowedEncoding extends Encoding {
  /** All windows, the first among them. Offsets count in the whole text. */
  readonly windows: readonly Encoding[];
}

/** How texts become ids. */
export interface EncodeOptions {
  /** A second text: the context of a question, the hypothesis of a premise. */
  readonly pair?: string;
  /** Whether the template adds its tokens, such as `[CLS]` and `[SEP]`; true by default. */
  readonly addSpecialTokens?: boolean;
}

/** How texts become windows. */
export interface WindowOptions extends EncodeOptions {
  /** Most tokens of a window, with those of the template. Of two texts the first is whole in every window. */
  readonly maxLength: number;
  /** How many tokens of a window the next one repeats; 0 by default. */
  readonly stride?: number;
}

/** What asynchronous encoding takes beside. */
export interface AsyncOptions {
  /** Ends the call with `ABORTED`. */
  readonly signal?: AbortSignal;
}

/** Longest array that V8 makes at once without making a hash table of it. */
const LONGEST_ARRAY = 2 ** 25;

/**
 * Collects an encoding. Its columns have their size from the start, because arrays of millions of tokens
 * that grow are copied again and again, for tenths of a second.
 */
export class EncodingBuilder implements Encoding {
  ids: number[];
  offsets: (Span | null)[];
  typeIds: number[];
  special: number[];
  sequences: (0 | 1 | null)[];
  words: (number | null)[];
  private size = 0;

  /** A builder for so many tokens. */
  constructor(size: number) {
    this.ids = newColumn(size);
    this.offsets = newColumn(size);
    this.typeIds = newColumn(size);
    this.special = newColumn(size);
    this.sequences = newColumn(size);
    this.words = newColumn(size);
  }

  /** A builder for very many tokens, in small steps. */
  static *ofLargeSize(size: number): Steps<EncodingBuilder> {
    const result = new EncodingBuilder(0);
    for (const name of ['ids', 'offsets', 'typeIds', 'special', 'sequences', 'words'] as const) {
      result[name] = newColumn(size);
      yield;
    }
    return result;
  }

  /** Adds a token of the template. */
  addSpecial(id: number, typeId: number): void {
    this.set(id, null, typeId, 1, null, null);
  }

  /** Adds a token of a text. */
  add(id: number, span: Span, typeId: number, sequence: 0 | 1, word: number): void {
    this.set(id, span, typeId, 0, sequence, word);
  }

  private set(
    id: number,
    span: Span | null,
    typeId: number,
    special: number,
    sequence: 0 | 1 | null,
    word: number | null,
  ): void {
    const i = this.size++;
    this.ids[i] = id;
    this.offsets[i] = span;
    this.typeIds[i] = typeId;
    this.special[i] = special;
    this.sequences[i] = sequence;
    this.words[i] = word;
  }
}

function newColumn(size: number): never[] {
  return size > LONGEST_ARRAY ? [] : new Array<never>(size);
}
