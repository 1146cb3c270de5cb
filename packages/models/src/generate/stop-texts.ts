/** Ends a text before any of several others, such as a name with which the next speaker begins. */

/** What to do with a piece of text. */
export interface StoppedPiece {
  /** What is surely before the end. */
  readonly piece: string;
  /** Whether the end is here. */
  readonly isOver: boolean;
}

/** Passes pieces of a text on, up to the first of `texts`. It holds back what may be the begin of one. */
export class StopTexts {
  private readonly texts: readonly string[];
  private held = '';

  constructor(texts: readonly string[]) {
    this.texts = texts;
  }

  /** Copies the text so far, so that the copy may go on in another way. */
  fork(): StopTexts {
    const copy = new StopTexts(this.texts);
    copy.held = this.held;
    return copy;
  }

  /** The next piece. */
  add(piece: string): StoppedPiece {
    const text = this.held + piece;
    const places = this.texts.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
    if (places.length > 0) {
      this.held = '';
      return { piece: text.slice(0, Math.min(...places)), isOver: true };
    }
    const begins = this.texts.map((stop) => longestBegin(stop, text));
    const sure = text.length - Math.max(0, ...begins);
    this.held = text.slice(sure);
    return { piece: text.slice(0, sure), isOver: false };
  }

  /** What was held back, where nothing follows. */
  rest(): string {
    const { held } = this;
    this.held = '';
    return held;
  }
}

/** How much of the begin of `stop` a text ends with. */
function longestBegin(stop: string, text: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--)
    if (text.endsWith(stop.slice(0, length))) return length;
  return 0;
}
