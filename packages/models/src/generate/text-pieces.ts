/**
 * The text of tokens as they come. A token alone may be no text (a part of a letter), or another one than
 * beside its neighbours (a space less, a joined word), so each piece is what a token adds to the text of the
 * tokens before it.
 */
import { idsWithText, type TextTokenizer } from '../tokenizer.ts';

/** What decoders write for bytes that are no letter yet. */
const BROKEN = '\uFFFD';

/** Turns tokens into pieces of text. The pieces together are the text that follows the prompt. */
export class TextPieces {
  private readonly tokenizer: TextTokenizer;
  /** The tokens of the last piece, at first those of the prompt, and the tokens that are no piece yet. */
  private ids: readonly number[];
  /** How many of them are of the last piece. */
  private done: number;

  constructor(tokenizer: TextTokenizer, prompt: readonly number[]) {
    this.tokenizer = tokenizer;
    this.ids = prompt;
    this.done = prompt.length;
  }

  /** Copies the tokens so far, so that the copy may go on in another way. */
  fork(): TextPieces {
    const copy = new TextPieces(this.tokenizer, this.ids);
    copy.done = this.done;
    return copy;
  }

  /** The piece that a token completes; empty where it completes none, because a letter lacks bytes. */
  add(id: number): string {
    this.ids = [...this.ids, id];
    const text = this.textOf(this.ids);
    const piece = text.slice(this.textOf(this.ids.slice(0, this.done)).length);
    if (piece === '' || piece.endsWith(BROKEN)) return '';
    this.ids = this.ids.slice(this.done);
    this.done = this.ids.length;
    return piece;
  }

  /** What no token has completed. */
  rest(): string {
    return this.textOf(this.ids).slice(this.textOf(this.ids.slice(0, this.done)).length);
  }

  private textOf(ids: readonly number[]): string {
    return this.tokenizer.decode(idsWithText(this.tokenizer, ids));
  }
}
