/** The `--pattern` option: JSON or a file of JSON, as a pattern. */
import { patternFromJson, type Pattern } from '@attn/core';
import { jsonOrFile, requiredText, type Options } from './args.ts';

/** How to write one, for help and for messages. */
export const PATTERN_HELP = 'JSON such as \'{"type":"causal"}\', or a file that holds it';

/**
 * The pattern of a command line.
 *
 * Errors: `MISSING_INPUT`, `FILE_NOT_FOUND`, `INVALID_ARGUMENT`, `INVALID_PATTERN`.
 */
export async function readPattern(options: Options): Promise<Pattern> {
  return patternFromJson(await jsonOrFile('pattern', requiredText(options, 'pattern', PATTERN_HELP)));
}
