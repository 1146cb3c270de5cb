/** What `--pattern` stands for: a system of this list by its type, else a pattern. A further system is a file and a line. */
import type { Json, JsonObject } from '@attn/core';
import { jsonOrFile, requiredText, type Options } from '../args.ts';
import { PATTERN_HELP } from '../pattern.ts';
import type { CallKind } from './call.ts';
import { LINFORMER_INPUTS, linformerCall } from './linformer.ts';
import { LSH_INPUTS, lshCall } from './lsh.ts';
import { PATTERN_INPUTS, patternCall } from './pattern.ts';

const SYSTEMS: Readonly<Record<string, (json: JsonObject) => CallKind>> = {
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

/**
 * What a command line asks for.
 * @throws AttnError `MISSING_INPUT`, `FILE_NOT_FOUND`, `INVALID_ARGUMENT`, `INVALID_PATTERN`
 */
export async function readCallKind(options: Options): Promise<CallKind> {
  const json = await jsonOrFile('pattern', requiredText(options, 'pattern', PATTERN_HELP));
  if (!isObject(json)) return patternCall(json);
  const { type } = json;
  const isSystem = typeof type === 'string' && Object.hasOwn(SYSTEMS, type);
  return isSystem ? SYSTEMS[type](json) : patternCall(json);
}

function isObject(json: Json): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
