/** What a text becomes. */

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

/** Collects an encoding. */
export class EncodingBuilder implements Encoding {
  readonly ids: number[] = [];
  readonly offsets: (Span | null)[] = [];
  readonly typeIds: number[] = [];
  readonly special: number[] = [];
  readonly sequences: (0 | 1 | null)[] = [];

  addSpecial(id: number, typeId: number): void {
    this.ids.push(id);
    this.offsets.push(null);
    this.typeIds.push(typeId);
    this.special.push(1);
    this.sequences.push(null);
  }

  add(id: number, span: Span, typeId: number, sequence: 0 | 1): void {
    this.ids.push(id);
    this.offsets.push(span);
    this.typeIds.push(typeId);
    this.special.push(0);
    this.sequences.push(sequence);
  }
}
