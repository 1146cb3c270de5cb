/**
 * Oniguruma's regular expressions (Ruby's syntax), in which tokenizer.json writes its patterns, as
 * JavaScript's for texts in letters. The classes are those of Unicode, possessive repetitions and atomic
 * groups become a look-ahead and a back reference, and `(?i:…)` becomes classes of both cases. What has no
 * counterpart is refused.
 */
import { show } from '@attn/core/backend';
import { malformed, unsupported } from '../errors.ts';
import { WORD } from './characters.ts';
import { LetterRegex, placeOf } from './letter-regex.ts';
import { CLASSES, inBracket, literal, NOT_WHITE_SPACE, POSIX, propertyName } from './regex-classes.ts';

/** Longest pattern that is read. */
export const LONGEST_REGEX = 10_000;

/** Deepest nesting of groups. */
const DEEPEST = 50;

/** Most characters and classes that a pattern tells apart. Those of GPT-4o have some twenty. */
export const MOST_ATOMS = 256;

/** A regular expression of tokenizer.json. Errors, of `file`: `MALFORMED_FILE`, `UNSUPPORTED`. */
export function translateRegex(pattern: string, file: string): LetterRegex {
  if (pattern.length > LONGEST_REGEX)
    throw unsupported(
      file,
      `a regular expression may have ${LONGEST_REGEX} characters, got ${pattern.length}`,
    );
  const translator = new Translator(pattern, file);
  const source = translator.translate();
  if (translator.atoms.length > MOST_ATOMS)
    throw unsupported(
      file,
      `a regular expression may tell ${MOST_ATOMS} characters and classes apart, got ${translator.atoms.length}`,
    );
  try {
    return new LetterRegex(source, translator.atoms);
  } catch (cause) {
    throw malformed(file, `the regular expression ${show(pattern)} is none`, { cause });
  }
}

/** What an alternative has come to. */
interface Piece {
  readonly text: string;
  /** Whether it repeats without limit, itself or inside. */
  readonly isEndless: boolean;
}

class Translator {
  private readonly pattern: string;
  private readonly file: string;
  private at = 0;
  private groups = 0;
  private depth = 0;
  private readonly places = new Map<string, string>();

  constructor(pattern: string, file: string) {
    this.pattern = pattern;
    this.file = file;
  }

  /** What fits one character each, in the order of their places. */
  get atoms(): readonly string[] {
    return [...this.places.keys()];
  }

  translate(): string {
    const { text } = this.alternatives(false);
    if (this.at < this.pattern.length) throw this.none();
    return text;
  }

  /** The place of what fits one character. */
  private one(atom: string): string {
    let place = this.places.get(atom);
    if (place === undefined) {
      place = placeOf(this.places.size);
      this.places.set(atom, place);
    }
    return place;
  }

  /** Everything up to the end of the group, or of the pattern. */
  private alternatives(ignoresCase: boolean): Piece {
    let text = '';
    let isEndless = false;
    while (this.at < this.pattern.length && this.pattern[this.at] !== ')') {
      if (this.pattern[this.at] === '|') {
        this.at += 1;
        text += '|';
        continue;
      }
      const piece = this.repeated(ignoresCase);
      text += piece.text;
      isEndless ||= piece.isEndless;
    }
    return { text, isEndless };
  }

  /** One atom with what repeats it. */
  private repeated(ignoresCase: boolean): Piece {
    let piece = this.atom(ignoresCase);
    let isRepeated = false;
    for (;;) {
      const [repeat, suffix] = this.repetition();
      if (repeat === '') return piece;
      const isUnlimited = /^[*+]|,\}$/.test(repeat);
      // (a+)+ takes exponential time on some texts; no tokenizer needs it.
      if (isUnlimited && piece.isEndless)
        throw unsupported(this.file, `the regular expression ${show(this.pattern)} repeats a repetition`);
      const isEndless = piece.isEndless || isUnlimited;
      if (isRepeated) piece = { text: `(?:${piece.text})`, isEndless };
      isRepeated = true;
      piece =
        suffix === '+'
          ? { text: this.atomic(piece.text + repeat), isEndless }
          : { text: piece.text + repeat + suffix, isEndless };
    }
  }

  /** `*`, `+`, `?`, `{n,m}` at this place and the `?` or `+` after it. */
  private repetition(): readonly [string, string] {
    const match = /^(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})/.exec(this.pattern.slice(this.at, this.at + 24));
    if (match === null) return ['', ''];
    this.at += match[0].length;
    const repeat = match[0].replace('{,', '{0,');
    const next = this.pattern[this.at];
    // In Ruby's syntax a + after braces repeats them; it is not possessive.
    const isSuffix = next === '?' || (next === '+' && !repeat.endsWith('}'));
    if (isSuffix) this.at += 1;
    return [repeat, isSuffix ? next : ''];
  }

  /** A group that is never entered again once it has matched. */
  private atomic(text: string): string {
    this.groups += 1;
    const name = `atomic${this.groups}`;
    return `(?:(?=(?<${name}>${text}))\\k<${name}>)`;
  }

  private atom(ignoresCase: boolean): Piece {
    const { pattern } = this;
    const character = String.fromCodePoint(pattern.codePointAt(this.at) ?? 0);
    const simple = (text: string): Piece => ({ text, isEndless: false });
    switch (character) {
      case '(':
        return this.group(ignoresCase);
      case '[':
        return simple(this.one(this.bracket(ignoresCase)));
      case '\\':
        return simple(this.escape(ignoresCase));
      case '.':
        this.at += 1;
        return simple(this.one('[^\\n]'));
      case '^':
      case '$':
        this.at += 1;
        return simple(`(?${character === '^' ? '<' : ''}!${this.one('[^\\n]')})`);
      case '*':
      case '+':
      case '?':
        throw this.none();
      default:
        this.at += character.length;
        return simple(this.one(literal(character, ignoresCase)));
    }
  }

  private group(ignoresCase: boolean): Piece {
    if (this.depth === DEEPEST) throw this.unknown(this.pattern.slice(this.at, this.at + 10));
    const opening = /^\((?:\?(?:[:=!>]|<[=!]|<\w+>|i:|-i:|i\)))?/.exec(
      this.pattern.slice(this.at, this.at + 40),
    );
    if (opening === null || (opening[0] === '(' && this.pattern[this.at + 1] === '?'))
      throw this.unknown(this.pattern.slice(this.at, this.at + 10));
    this.at += opening[0].length;
    const kind = opening[0].slice(1);
    this.depth += 1;
    // (?i) holds up to the end of the group that it stands in.
    const inner = this.alternatives(kind === '?i:' || kind === '?i)' || (ignoresCase && kind !== '?-i:'));
    this.depth -= 1;
    if (kind !== '?i)') {
      if (this.pattern[this.at] !== ')') throw this.none();
      this.at += 1;
    }
    const { text, isEndless } = inner;
    if (kind === '?>') return { text: this.atomic(text), isEndless };
    if (/^\?<?[=!]$/.test(kind)) return { text: `(${kind}${text})`, isEndless };
    return { text: `(?:${text})`, isEndless };
  }

  /** An escape outside of brackets. */
  private escape(ignoresCase: boolean): string {
    const name = this.pattern[this.at + 1] ?? '';
    const inside = CLASSES[name.toLowerCase()];
    if (inside !== undefined) {
      this.at += 2;
      return this.one(name === name.toLowerCase() ? `[${inside}]` : `[^${inside}]`);
    }
    const anchor = this.anchor(name);
    if (anchor !== undefined) {
      this.at += 2;
      return anchor;
    }
    const text = this.escapedCharacter();
    const isProperty = text.startsWith('\\p') || text.startsWith('\\P');
    return this.one(isProperty ? text : literal(text, ignoresCase));
  }

  /** What an escape is that stands for no single character; undefined for others. */
  private anchor(name: string): string | undefined {
    switch (name) {
      case 'A':
        return '(?<![^])';
      case 'z':
        return '(?![^])';
      case 'Z':
        return `(?=${this.one('\\n')}?(?![^]))`;
      case 'b':
      case 'B': {
        const word = this.one(`[${WORD}]`);
        const [first, second] = name === 'b' ? ['!', '='] : ['=', '!'];
        return `(?:(?<=${word})(?${first}${word})|(?<!${word})(?${second}${word}))`;
      }
      case 'R':
        return `(?:${this.one('\\r')}${this.one('\\n')}|${this.one('[\\n-\\r\\x85\\u2028\\u2029]')})`;
      case 'N':
        return this.one('[^\\n]');
      default:
        return undefined;
    }
  }

  /** A property, as JavaScript writes it, or the character that an escape stands for. */
  private escapedCharacter(): string {
    const rest = this.pattern.slice(this.at, this.at + 60);
    const property = /^\\([pP])(?:\{(\^?)([\w ]+)\}|([A-Z]))/.exec(rest);
    if (property !== null) {
      this.at += property[0].length;
      const [, letter, negation, long, short] = property;
      return `\\${(letter === 'P') !== (negation === '^') ? 'P' : 'p'}{${propertyName(long ?? short)}}`;
    }
    const code = /^\\(?:x\{([\da-fA-F]{1,6})\}|x([\da-fA-F]{2})|u([\da-fA-F]{4}))/.exec(rest);
    if (code !== null) {
      this.at += code[0].length;
      const value = Number.parseInt(code[1] ?? code[2] ?? code[3], 16);
      if (value > 0x10ffff) throw this.none();
      return String.fromCodePoint(value);
    }
    const controls: Readonly<Record<string, string>> = {
      n: '\n',
      r: '\r',
      t: '\t',
      v: '\v',
      f: '\f',
      a: '\x07',
      e: '\x1b',
    };
    const name = String.fromCodePoint(this.pattern.codePointAt(this.at + 1) ?? 0);
    if (this.at + 1 >= this.pattern.length) throw this.none();
    if (/[\da-zA-Z]/.test(name) && controls[name] === undefined) throw this.unknown(`\\${name}`);
    this.at += 1 + name.length;
    return controls[name] ?? name;
  }

  /** A class in brackets. */
  private bracket(ignoresCase: boolean): string {
    this.at += 1;
    const isNegative = this.pattern[this.at] === '^';
    if (isNegative) this.at += 1;
    return `[${isNegative ? '^' : ''}${this.members(ignoresCase)}]`;
  }

  /** The members of a class, and the bracket that closes it; classes inside of it are members, too. */
  private members(ignoresCase: boolean): string {
    let text = '';
    for (let isFirst = true; ; isFirst = false) {
      if (this.at >= this.pattern.length) throw this.none();
      const rest = this.pattern.slice(this.at, this.at + 20);
      if (rest[0] === ']' && !isFirst) break;
      text += this.member(rest, isFirst, ignoresCase);
    }
    this.at += 1;
    return text;
  }

  private member(rest: string, isFirst: boolean, ignoresCase: boolean): string {
    const posix = POSIX[/^\[:(\w+):\]/.exec(rest)?.[1] ?? ''];
    if (posix !== undefined) {
      this.at += rest.indexOf(']') + 1;
      return posix;
    }
    if (rest[0] === '[' && rest[1] !== '^' && this.depth < DEEPEST) {
      this.at += 1;
      this.depth += 1;
      const text = this.members(ignoresCase);
      this.depth -= 1;
      return text;
    }
    if (rest[0] === '[' || rest.startsWith('&&')) throw this.unknown(rest.slice(0, 6));
    const members = rest[0] === '\\' ? (rest[1] === 'S' ? NOT_WHITE_SPACE : CLASSES[rest[1]]) : undefined;
    if (members !== undefined) {
      this.at += 2;
      return members;
    }
    if (rest[0] === '-') {
      const isRange = rest[1] !== ']' && !isFirst;
      if (isRange && ignoresCase) throw this.unknown('a range of both cases');
      this.at += 1;
      return isRange ? '-' : '\\-';
    }
    return this.memberOfBracket(ignoresCase);
  }

  private memberOfBracket(ignoresCase: boolean): string {
    if (this.pattern[this.at] === '\\') {
      const text = this.escapedCharacter();
      return /^\\[pP]\{/.test(text) ? text : inBracket(text, ignoresCase);
    }
    const character = String.fromCodePoint(this.pattern.codePointAt(this.at) ?? 0);
    this.at += character.length;
    return inBracket(character, ignoresCase);
  }

  private unknown(part: string): Error {
    return unsupported(
      this.file,
      `the regular expression ${show(this.pattern)} has ${show(part)}, which is not supported`,
    );
  }

  private none(): Error {
    return malformed(this.file, `the regular expression ${show(this.pattern)} is none`);
  }
}
