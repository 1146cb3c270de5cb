/**
 * The `--options` option of `attn run`: attributes of the op, as
 * JSON. Their values are checked where the op is.
 */
import { show, unknownName, type AttentionLayout } from '@attn/core/backend';
import { badArgument, jsonOrFile, text, type Options } from './args.ts';
import type { CallAttributes } from './calls/call.ts';

const NAMES = ['scale', 'queryOffset', 'softcap', 'layout'];

/**
 * Reads the options; none when there are none.
 *
 * Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT` with the name of an option that does not exist.
 */
export async function readOptions(options: Options): Promise<CallAttributes> {
  const given = text(options, 'options');
  const json = given === undefined ? {} : await jsonOrFile('options', given);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw badArgument(`--options must be a JSON object, got ${show(json)}`);
  }
  const found: { -readonly [name in keyof CallAttributes]: CallAttributes[name] } = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === 'scale' || name === 'queryOffset' || name === 'softcap') {
      if (typeof value !== 'number')
        throw badArgument(`--options: ${name} must be a number, got ${show(value)}`);
      found[name] = value;
    } else if (name === 'layout') {
      if (!isLayout(value)) throw badArgument(`--options: layout must be bhnd or bnhd, got ${show(value)}`);
      found.layout = value;
    } else {
      throw badArgument(`--options: ${unknownName('option', name, NAMES)}`);
    }
  }
  return found;
}

function isLayout(value: unknown): value is AttentionLayout {
  return value === 'bhnd' || value === 'bnhd';
}
