/** The text of one row, as its tokens come. */
import type { TextTokenizer } from '../tokenizer.ts';
import { StopTexts } from './stop-texts.ts';
import { TextPieces } from './text-pieces.ts';

/** Turns the tokens of a row into its text, piece by piece, up to a text that ends it. */
export class TextStream {
  /** The text so far. */
  text = '';
  private readonly pieces: TextPieces;
  private readonly stops: StopTexts;
  private readonly onText: (piece: string) => void;
  private isOver = false;

  /** `prompt` are the tokens before the row; `onText` is called with each piece that is sure. */
  constructor(
    tokenizer: TextTokenizer,
    prompt: readonly number[],
    stops: readonly string[],
    onText: (piece: string) => void,
  ) {
    this.pieces = new TextPieces(tokenizer, prompt);
    this.stops = new StopTexts(stops);
    this.onText = onText;
  }

  /** Takes a token. True where the text ends before it. */
  add(id: number): boolean {
    return this.pass(this.pieces.add(id));
  }

  /** Passes on what no token has completed. */
  finish(): void {
    if (this.isOver || this.pass(this.pieces.rest())) return;
    this.emit(this.stops.rest());
  }

  private pass(piece: string): boolean {
    const { piece: sure, isOver } = this.stops.add(piece);
    this.isOver = isOver;
    this.emit(sure);
    return isOver;
  }

  private emit(piece: string): void {
    this.text += piece;
    if (piece !== '') this.onText(piece);
  }
}
