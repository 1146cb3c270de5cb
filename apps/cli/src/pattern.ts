/** The `--pattern` option: a pattern as JSON, or a file that holds it. */
import { patternFromJson, type Pattern } from '@attn/core';
import { jsonOrFile, requiredText, type Options } from './args.ts';

/** How to write a pattern, for help and for messages. */
export const PATTERN_HELP = 'JSON such as \'{"type":"causal"}\', or a file that holds it';

/**
 * Reads the pattern of a command line.
 *
 * Errors: `MISSING_INPUT`, `FILE_NOT_FOUND`, `INVALID_ARGUMENT`, `INVALID_PATTERN`.
 */
export async function readPattern(options: Options): Promise<Pattern> {
  return patternFromJson(await jsonOrFile('pattern', requiredText(options, 'pattern', PATTERN_HELP)));
}
