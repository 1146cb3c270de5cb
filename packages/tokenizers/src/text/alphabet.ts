/**
 * What a regular expression sees of characters. Its atoms, such as `\p{L}` or `[^\s]`, cannot tell apart
 * characters that fit the same of them, so one letter stands for them all. A text in such letters is short,
 * has no surrogate pairs, and runs of a class in it take neither time to look up nor memory to match, which
 * they do in a text of ideographs: V8 gives up on some millions in a row.
 */
import { STRIDE, type Steps } from '../steps.ts';
import { TextJoiner, textOf, unitsAt } from './units.ts';

/** A text in letters. */
export interface Lettered {
  /** One letter for each character. */
  readonly letters: string;
  /** Where in the text the characters are that have two units. */
  readonly pairs: readonly number[];
}

/** The first letters can be read in a debugger; the alphabet of no real pattern needs more. */
const FIRST_LETTER = 0x21;

/** For the letters of one step. */
const scratch = new Uint16Array(STRIDE);

/** The letters of a regular expression. New ones are found in texts; none is ever taken back. */
export class Alphabet {
  private readonly atoms: readonly RegExp[];
  /** Letters by what their characters fit: a 1 or 0 for each atom. */
  private readonly letters = new Map<string, number>();
  /** Letters of units that are characters; 0 for those that were not asked for. */
  private readonly units: Uint16Array = new Uint16Array(2 ** 16);
  private readonly others = new Map<number, number>();

  /** @param atoms what fits one character each, as JavaScript writes it with the flag `u` */
  constructor(atoms: readonly string[]) {
    this.atoms = atoms.map((atom) => new RegExp(`^${atom}$`, 'u'));
  }

  /** How many letters there are so far. */
  get size(): number {
    return this.letters.size;
  }

  /** A class of the letters whose characters fit atom i, as JavaScript writes it. */
  classOf(i: number): string {
    let ranges = '';
    let [first, last] = [-1, -1];
    for (const [fits, letter] of [...this.letters, ['', Infinity] as const]) {
      if (fits[i] === '1') {
        if (first === -1) first = letter;
        last = letter;
      } else if (first !== -1) {
        ranges += `${escaped(first)}-${escaped(last)}`;
        first = -1;
      }
    }
    return `[${ranges}]`;
  }

  /** A text in letters. */
  *lettered(text: string): Steps<Lettered> {
    const { units } = this;
    const letters = new TextJoiner();
    const pairs: number[] = [];
    for (let at = 0; at < text.length;) {
      if (at > 0) yield;
      let size = 0;
      for (const to = Math.min(text.length, at + STRIDE); at < to; size++) {
        const letter = units[text.charCodeAt(at)];
        if (letter !== 0) {
          scratch[size] = letter;
          at += 1;
          continue;
        }
        const length = unitsAt(text, at);
        scratch[size] = this.letterOf(text.codePointAt(at) ?? 0);
        if (length === 2) pairs.push(at);
        at += length;
      }
      letters.add(textOf(scratch, size));
    }
    return { letters: letters.finish(), pairs };
  }

  private letterOf(code: number): number {
    // What may be the first half of a pair is always looked at as a whole.
    const isUnit = code < 0xd800 || (code > 0xdbff && code < 0x10000);
    const cached = isUnit ? undefined : this.others.get(code);
    if (cached !== undefined) return cached;
    const character = String.fromCodePoint(code);
    const fits = this.atoms.map((atom) => (atom.test(character) ? '1' : '0')).join('');
    const letter = this.letters.get(fits) ?? FIRST_LETTER + this.letters.size;
    this.letters.set(fits, letter);
    if (isUnit) this.units[code] = letter;
    else this.others.set(code, letter);
    return letter;
  }
}

/** Goes from places among letters to places in the text, from left to right. */
export class Places {
  private readonly pairs: readonly number[];
  /** Pairs before the last place that was asked for. */
  private passed: number;

  /** @param from the first place in the text that will be asked for */
  constructor({ pairs }: Lettered, from: number) {
    this.pairs = pairs;
    this.passed = countBelow(pairs, from);
  }

  /** Where in the text the letter at `index` is; no lower index may follow. */
  unitOf(index: number): number {
    const { pairs } = this;
    while (this.passed < pairs.length && pairs[this.passed] - this.passed < index) this.passed += 1;
    return index + this.passed;
  }
}

/** Where among the letters of a text the character at unit `at` is. */
export function letterIndex({ pairs }: Lettered, at: number): number {
  return at - countBelow(pairs, at);
}

/** How many of the sorted values are below a limit. */
function countBelow(values: readonly number[], limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function escaped(letter: number): string {
  return `\\u{${letter.toString(16)}}`;
}
