/** Fields of JSON from outside, each read with its kind; an error names the file and the field. */
import type { JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import { malformed } from '../errors.ts';

/** Deepest nesting of components. */
const DEEPEST = 16;

/** An object of a JSON file. Null counts as absent. */
export class Fields {
  readonly file: string;
  /** Where the object stands in the file, such as `normalizer`. */
  readonly path: string;
  private readonly object: JsonObject;
  private readonly depth: number;

  constructor(value: unknown, file: string, path = '', depth = 0) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw malformed(file, `${path === '' ? 'the file' : path} must be an object, got ${show(value)}`);
    if (depth > DEEPEST) throw malformed(file, `${path.slice(0, 60)} is nested too deeply`);
    this.object = value as JsonObject;
    this.file = file;
    this.path = path;
    this.depth = depth;
  }

  /** A field as it is; undefined where it is absent or null. */
  raw(name: string): unknown {
    const value: unknown = Object.hasOwn(this.object, name) ? this.object[name] : undefined;
    return value ?? undefined;
  }

  /** A field that is true or false. */
  flag(name: string, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'boolean') throw this.wrong(name, 'true or false', value);
    return value;
  }

  /** A field that is a text, or absent. */
  textOrAbsent(name: string): string | undefined {
    const value = this.raw(name);
    if (value !== undefined && typeof value !== 'string') throw this.wrong(name, 'a text', value);
    return value;
  }

  /** A field that is a text. */
  text(name: string, fallback?: string): string {
    const value = this.textOrAbsent(name) ?? fallback;
    if (value === undefined) throw this.wrong(name, 'a text', value);
    return value;
  }

  /** A field that is an integer from `least` to `most`, or absent. */
  integer(name: string, least = 0, most: number = MOST_IDS): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || Number(value) < least || Number(value) > most)
      throw this.wrong(name, `an integer from ${least} to ${most}`, value);
    return Number(value);
  }

  /** A field that is a list. */
  list(name: string, fallback?: readonly unknown[]): readonly unknown[] {
    const value = this.raw(name) ?? fallback;
    if (!Array.isArray(value)) throw this.wrong(name, 'a list', value);
    return value as readonly unknown[];
  }

  /** A field that is an object, or absent. */
  child(name: string): Fields | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : new Fields(value, this.file, this.pathOf(name), this.depth + 1);
  }

  /** A field that is a list of objects. */
  children(name: string): readonly Fields[] {
    return this.list(name).map(
      (value, i) => new Fields(value, this.file, `${this.pathOf(name)}[${i}]`, this.depth + 1),
    );
  }

  /** The entries of the object. */
  entries(): [string, unknown][] {
    return Object.entries(this.object);
  }

  /** The error of a field. */
  wrong(name: string, expected: string, value: unknown): Error {
    return malformed(this.file, `${this.pathOf(name)} must be ${expected}, got ${show(value)}`);
  }

  private pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

/** Ids are at most this; no table of words has as many rows. */
export const MOST_IDS: number = 2 ** 24;

/** Reads a text as JSON. Errors: `MALFORMED_FILE`. */
export function parseJson(text: string, file: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw malformed(file, `it is not valid JSON: ${reason.slice(0, 120)}`, { cause });
  }
  return new Fields(value, file);
}
