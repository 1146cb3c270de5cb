/** The texts of beams, which may end a beam before its tokens do. */
import type { TextTokenizer } from '../tokenizer.ts';
import { ENDED } from './decoder.ts';
import type { RowTexts } from './search.ts';
import { StopTexts } from './stop-texts.ts';
import { TextPieces } from './text-pieces.ts';

/** What there is of a row's text that a text which ends it may begin with. */
interface Tail {
  readonly pieces: TextPieces;
  readonly stops: StopTexts;
  readonly isOver: boolean;
}

/** Follows the texts of rows as these fork. */
export class BeamTexts implements RowTexts {
  private tails: readonly Tail[];
  /** What the rows of the next step may become, by row and token. */
  private readonly forks = new Map<string, Tail>();

  /**
   * `prompts` are the tokens that rows begin with, so many rows for each; `stop` are texts that end a row.
   */
  constructor(
    tokenizer: TextTokenizer,
    prompts: readonly (readonly number[])[],
    perPrompt: number,
    stop: readonly string[],
  ) {
    this.tails = prompts.flatMap((prompt) => {
      const pieces = new TextPieces(tokenizer, prompt);
      return new Array<Tail>(perPrompt).fill({ pieces, stops: new StopTexts(stop), isOver: false });
    });
  }

  ends(row: number, token: number): boolean {
    return this.behind(row, token).isOver;
  }

  extend(tokens: Int32Array, sources: Int32Array): void {
    const { tails } = this;
    this.tails = Array.from(tokens, (token, row) =>
      token === ENDED ? tails[row] : this.behind(sources[row], token),
    );
    this.forks.clear();
  }

  /** The text of a row with a token behind it. */
  private behind(row: number, token: number): Tail {
    const key = `${row} ${token}`;
    const cached = this.forks.get(key);
    if (cached !== undefined) return cached;
    const tail = this.tails[row];
    const [pieces, stops] = [tail.pieces.fork(), tail.stops.fork()];
    const { isOver } = stops.add(pieces.add(token));
    const next = { pieces, stops, isOver };
    this.forks.set(key, next);
    return next;
  }
}
