/** Regular expressions that are matched against texts in letters. */
import { Alphabet } from './alphabet.ts';

/** Characters that hold the places of atoms: those of a private plane, which sources write as escapes. */
const PLACES = /[\u{f0000}-\u{ffffd}]/gu;
const FIRST_PLACE = 0xf0000;

/** What stands for atom i in the source of a `LetterRegex`. */
export function placeOf(i: number): string {
  return String.fromCodePoint(FIRST_PLACE + i);
}

/** A regular expression for texts in the letters of its alphabet. */
export class LetterRegex {
  readonly alphabet: Alphabet;
  private readonly source: string;
  private compiled: RegExp;
  /** Letters that the compiled expression knows. */
  private lettersOfCompiled = 0;

  /**
   * Throws a SyntaxError where an atom, or the whole, is none.
   * @param source the expression with `placeOf(i)` for each atom
   * @param atoms what fits one character each, as JavaScript writes it with the flag `u`
   */
  constructor(source: string, atoms: readonly string[]) {
    this.source = source;
    this.alphabet = new Alphabet(atoms);
    this.compiled = this.compile();
  }

  /** The expression for all letters that are known by now, with the flags `g` and `u`. */
  regExp(): RegExp {
    if (this.lettersOfCompiled < this.alphabet.size) {
      this.compiled = this.compile();
      this.lettersOfCompiled = this.alphabet.size;
    }
    return this.compiled;
  }

  private compile(): RegExp {
    const classOf = (place: string) => this.alphabet.classOf((place.codePointAt(0) ?? 0) - FIRST_PLACE);
    return new RegExp(this.source.replace(PLACES, classOf), 'gu');
  }
}
