/**
 * From what stands on the command line to checked values. Every mistake is an `AttnError`
 * of the caller's (exit code 2) that names the option and shows what was given.
 */
import { readFile } from 'node:fs/promises';
import { AttnError, type Json } from '@attn/core';
import { show } from '@attn/core/backend';

/** Options as the parser returns them. */
export type Options = Readonly<Record<string, unknown>>;

/** An `INVALID_ARGUMENT` error of the command line. */
export function badArgument(message: string, options?: ErrorOptions): AttnError {
  return new AttnError('INVALID_ARGUMENT', 'cli', message, options);
}

/** `keyMask` as it is documented, `--key-mask`, and `E` as `--E`. */
export function flag(name: string): string {
  return `--${name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The text of an option, or undefined when it is absent. */
export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value)) throw badArgument(`${flag(name)} was given ${value.length} times`);
  const given = typeof value === 'number' ? spelling(name, value) : value; // the parser takes '' for 0
  if (typeof given !== 'string' || given.trim() === '') throw badArgument(`${flag(name)} needs a value`);
  return given;
}

/** A decimal number of at least `least`, or undefined when the option is absent. */
export function decimal(options: Options, name: string, { least }: { least: number }): number | undefined {
  const given = text(options, name);
  if (given === undefined) return undefined;
  const value = Number(given);
  if (Number.isFinite(value) && value >= least) return value;
  throw badArgument(`${flag(name)} must be a number ≥ ${least}, got ${show(given)}`);
}

/** The text of an option that must be there. */
export function requiredText(options: Options, name: string, what: string): string {
  const value = text(options, name);
  if (value === undefined) throw new AttnError('MISSING_INPUT', 'cli', `${flag(name)} is required: ${what}`);
  return value;
}

/** An integer in `least … most`, also as 1e6 or 65_536, or undefined when the option is absent. */
export function integer(
  options: Options,
  name: string,
  { least = 1, most = Number.MAX_SAFE_INTEGER }: { least?: number; most?: number } = {},
): number | undefined {
  const given = text(options, name);
  if (given === undefined) return undefined;
  const value = Number(given.replaceAll(/(?<=\d)_(?=\d)/g, ''));
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const bounds = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `≥ ${least}`;
  throw badArgument(`${flag(name)} must be an integer ${bounds}, got ${show(given)}`);
}

/** True when the flag stands on the command line. */
export function isSet(options: Options, name: string): boolean {
  const value = options[name];
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw badArgument(`${flag(name)} takes no value, got ${show(value)}`);
}

/**
 * JSON that is written out on the command line (it begins with a
 * bracket or a brace) or stands in the file of that name.
 *
 * Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT`.
 */
export async function jsonOrFile(name: string, given: string): Promise<Json> {
  const inline = /^\s*[[{]/.test(given);
  const source = inline ? given : (await readText(name, given)).replace(/^\uFEFF/, ''); // a byte order mark
  try {
    return JSON.parse(source);
  } catch (cause) {
    const where = inline ? flag(name) : `${given} (${flag(name)})`;
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
    throw badArgument(
      `${flag(name)}: could not read ${path}: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

/** The parser turns `007` and `1e3` into numbers; a file may be called that, so take it as it was written. */
function spelling(name: string, value: number): string {
  const { argv } = process;
  for (const [index, argument] of argv.entries()) {
    const [key, inline] = argument.split(/=(.*)/s);
    const given = inline ?? argv[index + 1];
    if (key.startsWith('--') && flag(key.slice(2)) === flag(name) && Number(given) === value) return given;
  }
  return String(value);
}
