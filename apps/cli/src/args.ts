/**
 * Reads checked values from the command line. A mistake is an
 * `AttnError` (exit code 2) that names the option and shows its value.
 */
import { readFile } from 'node:fs/promises';
import { AttnError, type Json } from '@attn/core';
import { show } from '@attn/core/backend';

/** Options in the form that the parser returns. */
export type Options = Readonly<Record<string, unknown>>;

/** The word that stands for `-`, standard input, among words that are no options. */
export const STDIN_WORD = '<stdin>';

/** An `INVALID_ARGUMENT` error of the command line. */
export function badArgument(message: string, options?: ErrorOptions): AttnError {
  return new AttnError('INVALID_ARGUMENT', 'cli', message, options);
}

/** The flag of an option, as the docs write it: `--key-mask` for `keyMask`, `--E` for `E`. */
export function flag(name: string): string {
  return `--${name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The text of an option, or undefined when it is absent. */
export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value)) throw badArgument(`${flag(name)} was given ${value.length} times`);
  const word = typeof value === 'number' ? spelling(name, value) : value; // the parser takes '' for 0
  if (typeof word !== 'string' || word.trim() === '') throw badArgument(`${flag(name)} needs a value`);
  return word;
}

/** A decimal number of at least `least`, or undefined when the option is absent. */
export function decimal(options: Options, name: string, { least }: { least: number }): number | undefined {
  const word = text(options, name);
  if (word === undefined) return undefined;
  const value = Number(word);
  if (Number.isFinite(value) && value >= least) return value;
  throw badArgument(`${flag(name)} must be a number ≥ ${least}, got ${show(word)}`);
}

/** The text of a required option. */
export function requiredText(options: Options, name: string, what: string): string {
  const value = text(options, name);
  if (value === undefined) throw new AttnError('MISSING_INPUT', 'cli', `${flag(name)} is required: ${what}`);
  return value;
}

/**
 * An integer from `least` to `most`, also written as 1e6 or 65_536, or undefined when the option is absent.
 */
export function integer(
  options: Options,
  name: string,
  { least = 1, most = Number.MAX_SAFE_INTEGER }: { least?: number; most?: number } = {},
): number | undefined {
  const word = text(options, name);
  if (word === undefined) return undefined;
  const value = Number(word.replaceAll(/(?<=\d)_(?=\d)/g, ''));
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const bounds = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `≥ ${least}`;
  throw badArgument(`${flag(name)} must be an integer ${bounds}, got ${show(word)}`);
}

/** True when the flag is on the command line. */
export function isSet(options: Options, name: string): boolean {
  const value = options[name];
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw badArgument(`${flag(name)} takes no value, got ${show(value)}`);
}

/**
 * Reads JSON from the command line itself, if `value` begins with a
 * bracket or a brace, or from the file of that name.
 *
 * Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT`.
 */
export async function jsonOrFile(name: string, value: string): Promise<Json> {
  const inline = /^\s*[[{]/.test(value);
  if (inline) return parseJson(flag(name), value);
  const json = (await readText(name, value)).replace(/^\uFEFF/, ''); // a byte order mark
  return parseJson(`${value} (${flag(name)})`, json);
}

/** Parses JSON; `where` begins the sentence of an error. Errors: `INVALID_ARGUMENT`. */
export function parseJson(where: string, json: string): Json {
  try {
    return JSON.parse(json);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replaceAll(/\s+/g, ' ') : String(cause);
    throw badArgument(`${where} is not valid JSON: ${reason.slice(0, 160)}`, { cause });
  }
}

async function readText(name: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT') {
      const message = `${flag(name)} must be JSON or a file that holds it; there is no file ${path}`;
      throw new AttnError('FILE_NOT_FOUND', 'cli', message, { cause });
    }
    throw unreadable(name, path, cause);
  }
}

/** The error of an input file that cannot be read. `name` is that of its option. */
export function unreadable(name: string, path: string, cause: unknown): AttnError {
  const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (!isAbsent) return badArgument(`${flag(name)}: could not read ${path}: ${reason}`, { cause });
  return new AttnError('FILE_NOT_FOUND', 'cli', `there is no file ${path} (${flag(name)})`, { cause });
}

/**
 * The spelling of a value on the command line. The parser turns `007`
 * and `1e3` into numbers, but files may have such names.
 */
function spelling(name: string, value: number): string {
  const { argv } = process;
  for (const [index, argument] of argv.entries()) {
    const [key, inline] = argument.split(/=(.*)/s);
    const word = inline ?? argv[index + 1];
    if (key.startsWith('--') && flag(key.slice(2)) === flag(name) && Number(word) === value) return word;
  }
  return String(value);
}
