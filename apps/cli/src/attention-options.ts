/**
 * The `--options` option of `attn run` and `attn export`: attributes
 * of attention, as JSON. The op itself checks their ranges.
 */
import { score, type Json } from '@attn/core';
import { anything, show, unknownName, type Kind } from '@attn/core/backend';
import { badArgument, jsonOrFile, text, type Options } from './args.ts';
import type { CallAttributes } from './calls/call.ts';

const NUMBER: Kind = { expected: 'a number', test: (value) => typeof value === 'number' };

/** What each attribute must be. */
const KINDS = {
  scale: NUMBER,
  queryOffset: NUMBER,
  softcap: NUMBER,
  score: anything,
  layout: { expected: 'bhnd or bnhd', test: (value: unknown) => value === 'bhnd' || value === 'bnhd' },
} satisfies Readonly<Record<keyof CallAttributes, Kind>>;

/**
 * Reads the attributes; an empty object without the option.
 *
 * Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT` with the name of an option that does not exist, or a wrong
 * score.
 */
export async function readOptions(options: Options): Promise<CallAttributes> {
  const value = text(options, 'options');
  const json = value === undefined ? {} : await jsonOrFile('options', value);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw badArgument(`--options must be a JSON object, got ${show(json)}`);
  }
  for (const [name, item] of Object.entries(json)) {
    if (!isAttribute(name))
      throw badArgument(`--options: ${unknownName('option', name, Object.keys(KINDS))}`);
    const { expected, test } = KINDS[name];
    if (!test(item)) throw badArgument(`--options: ${name} must be ${expected}, got ${show(item)}`);
  }
  const { score: expression, ...attributes } = json as Omit<CallAttributes, 'score'> & {
    readonly score?: Json;
  };
  return expression === undefined ? attributes : { ...attributes, score: score(expression) };
}

function isAttribute(name: string): name is keyof CallAttributes {
  return Object.hasOwn(KINDS, name);
}
