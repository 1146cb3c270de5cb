/**
 * What `--pattern` stands for: a system of this list by its type, else a pattern. A further system is a
 * file and a line.
 */
import type { Json, JsonObject } from '@attn/core';
import { jsonOrFile, requiredText, type Options } from '../args.ts';
import { PATTERN_HELP } from '../pattern.ts';
import type { SystemOption } from './call.ts';
import { LINFORMER_INPUTS, linformerCall } from './linformer.ts';
import { LSH_INPUTS, lshCall } from './lsh.ts';
import { PATTERN_INPUTS, patternCall } from './pattern.ts';

const SYSTEMS: Readonly<Record<string, (json: JsonObject) => SystemOption>> = {
  linformer: linformerCall,
  lsh: lshCall,
};

/** Names of all tensors that any call reads. */
export const INPUT_NAMES: readonly string[] = [
  ...new Set(
    [PATTERN_INPUTS, LINFORMER_INPUTS, LSH_INPUTS].flatMap(({ required, optional }) => [
      ...required,
      ...optional,
    ]),
  ),
];

/** What `--pattern` said, and what it stands for. */
export interface ParsedPattern {
  readonly kind: SystemOption;
  readonly json: Json;
}

/**
 * What a command line asks for.
 * @throws AttnError `MISSING_INPUT`, `FILE_NOT_FOUND`, `INVALID_ARGUMENT`, `INVALID_PATTERN`
 */
export async function readSystemOption(options: Options): Promise<ParsedPattern> {
  const json = await jsonOrFile('pattern', requiredText(options, 'pattern', PATTERN_HELP));
  return { kind: isSystem(json) ? SYSTEMS[json.type](json) : patternCall(json), json };
}

/** Whether the JSON is that of a system of the list. */
export function isSystem(json: Json): json is JsonObject & { readonly type: string } {
  if (typeof json !== 'object' || json === null || !('type' in json)) return false;
  return typeof json.type === 'string' && Object.hasOwn(SYSTEMS, json.type);
}
