/** A kind of pattern: its words, its controls, and how its JSON and its TypeScript are written. */
import { parseFormula, type Tree } from './formula.ts';

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** JSON of a pattern, as `patternFromJson` reads it. */
export type PatternJson = { readonly [name: string]: Json };

/** A control for one option. */
export interface Field {
  readonly name: string;
  readonly label: string;
  /** What is typed. `lengths` are integers of which the last repeats; `rows` are rows of 0 and 1. */
  readonly kind: 'integer' | 'integers' | 'lengths' | 'rows' | 'yes-no' | 'choice' | 'formula';
  /** The text at first. */
  readonly initial: string;
  /** The least integer. Default 0. */
  readonly least?: number;
  /** The texts to choose from. */
  readonly choices?: readonly string[];
  /** A sentence under the control. */
  readonly hint?: string;
  /** Whether the text may be empty: the option is then absent. */
  readonly optional?: boolean;
}

/** An option that cannot be read: `field` is the control, the message says what was expected. */
export class FieldError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/**
 * The options of a node, read from their texts. Every method throws `FieldError` for a text it cannot read.
 */
export class Values {
  readonly #fields: ReadonlyMap<string, Field>;
  readonly #texts: Readonly<Record<string, string>>;
  /** The number of tokens. */
  readonly n: number;

  constructor(fields: readonly Field[], texts: Readonly<Record<string, string>>, n: number) {
    this.#fields = new Map(fields.map((field) => [field.name, field]));
    this.#texts = texts;
    this.n = n;
  }

  /** The text of a control, as it was typed. */
  text(name: string): string {
    return (this.#texts[name] ?? this.#fields.get(name)?.initial ?? '').trim();
  }

  integer(name: string): number {
    return readInteger(this.#field(name), this.text(name));
  }

  /** Integers between commas or spaces. */
  integers(name: string): readonly number[] {
    const field = this.#field(name);
    return wordsOf(this.text(name)).map((word) => readInteger(field, word));
  }

  /** One integer, or a list of several. */
  integerOrList(name: string): number | readonly number[] {
    const list = this.integers(name);
    if (list.length === 0)
      throw new FieldError(name, `${this.#field(name).label}: expected an integer, got nothing`);
    return list.length === 1 ? list[0] : list;
  }

  /** Rows of 0 and 1, one a line. */
  rows(name: string): readonly (readonly number[])[] {
    const { label } = this.#field(name);
    const lines = this.text(name)
      .split(/[\n;]+/)
      .filter((line) => line.trim() !== '');
    return lines.map((line) =>
      Array.from(line.replaceAll(/[\s,]/g, ''), (digit) => {
        if (digit === '0' || digit === '1') return Number(digit);
        throw new FieldError(name, `${label}: expected 0 or 1, got ${JSON.stringify(digit)}`);
      }),
    );
  }

  isYes(name: string): boolean {
    return this.text(name) === 'yes';
  }

  /** The tree of a formula. */
  formula(name: string): Tree {
    try {
      return parseFormula(this.text(name));
    } catch (error) {
      throw new FieldError(name, error instanceof Error ? error.message : String(error));
    }
  }

  #field(name: string): Field {
    const field = this.#fields.get(name);
    if (field === undefined) throw new FieldError(name, `expected an option of this pattern, got ${name}`);
    return field;
  }
}

function readInteger({ name, label, least = 0 }: Field, text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (text !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new FieldError(name, `${label}: expected an integer from ${least} on, got ${JSON.stringify(text)}`);
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,;]+/).filter((word) => word !== '');
}

/** A kind of pattern. */
export interface PatternKind {
  readonly title: string;
  /** What it means, in one sentence. */
  readonly summary: string;
  readonly fields: readonly Field[];
  /** How many parts it has. Default none. */
  readonly parts?: { readonly least: number; readonly most: number };
  /** The JSON. Errors: `FieldError`. */
  json(values: Values, parts: readonly PatternJson[]): PatternJson;
  /** The TypeScript. Default: a call with the options of the JSON. */
  code?(values: Values, parts: readonly string[]): string;
}

/** Tables that would fill pages are written as the code that makes them. */
export function repeatedLengths(lengths: readonly number[], n: number): readonly number[] {
  const ids: number[] = [];
  for (let id = 0; ids.length < n; id++) {
    const length = Math.max(1, lengths[Math.min(id, lengths.length - 1)] ?? n);
    for (let i = 0; i < length && ids.length < n; i++) ids.push(id);
  }
  return ids;
}
