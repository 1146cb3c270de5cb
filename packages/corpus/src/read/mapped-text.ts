/** A text made of parts of a source, which knows where each of its characters stands there. */

/** A document as the model reads it. */
export interface MappedText {
  readonly text: string;
  /** The title that the document gives itself. */
  readonly title?: string;
  /** The place in the source of a place in the text, both in UTF-16 units. `isEnd`: of the unit before it. */
  toSource(place: number, isEnd?: boolean): number;
}

interface Part {
  /** Where the part begins in the text. */
  readonly at: number;
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

/** Collects the text of a document part by part. */
export class MappedTextBuilder {
  private readonly source: string;
  private readonly parts: Part[] = [];
  private pieces: string[] = [];
  private length = 0;
  private gap = '';

  constructor(source: string) {
    this.source = source;
  }

  /** Begins a new block: an empty line stands between it and what is before. */
  breakBlock(): void {
    this.gap = '\n\n';
  }

  /** Begins a new line, unless a new block begins. */
  breakLine(): void {
    if (this.gap === '') this.gap = '\n';
  }

  /**
   * Adds a value that stands in the source between two places. Lines of the value that stand there letter by
   * letter have exact places; others, such as those with entities, have those of the whole.
   */
  add(value: string, from: number, to: number): void {
    if (value === '') return;
    let cursor = from;
    for (const line of value.split(/(?<=\n)/)) {
      const letters = line.replace(/\n$/, '');
      const place = this.source.indexOf(letters, cursor);
      if (letters !== '' && place >= 0 && place + letters.length <= to) {
        this.push(letters, place, place + letters.length);
        cursor = place + letters.length;
        if (letters !== line) this.push('\n', cursor, cursor);
      } else {
        this.push(line, cursor, letters === '' ? cursor : to);
      }
    }
  }

  /** Adds the source from a place to its end, as it is. */
  addWhole(from: number): void {
    this.push(this.source.slice(from), from, this.source.length);
  }

  /** The text, and the places of its characters in the source. */
  build(title?: string): MappedText {
    const text = this.pieces.join('');
    this.pieces = [text];
    const { parts } = this;
    return {
      text,
      ...(title && { title }),
      toSource: (place, isEnd = false) => placeIn(parts, place, isEnd),
    };
  }

  private push(text: string, from: number, to: number): void {
    if (this.length > 0 && this.gap !== '') this.append(this.gap);
    this.gap = '';
    this.parts.push({ at: this.length, length: text.length, from, to });
    this.append(text);
  }

  private append(text: string): void {
    this.pieces.push(text);
    this.length += text.length;
  }
}

function placeIn(parts: readonly Part[], place: number, isEnd: boolean): number {
  const target = isEnd ? place - 1 : place;
  let [low, high] = [0, parts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parts[middle].at <= target) low = middle + 1;
    else high = middle;
  }
  const part = parts[low - 1];
  if (part === undefined) return 0;
  const { at, length, from, to } = part;
  if (to - from === length) return from + Math.min(place - at, length);
  return isEnd ? to : from;
}
