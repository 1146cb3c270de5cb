/** The errors of tokenizer files: each is one sentence that names the file and the value. */
import { AttnError } from '@attn/core';

/** Where errors say that they come from. */
export const WHERE = 'tokenizers/load';

/** A file that breaks the rules of its format; `file` is its name. */
export function malformed(file: string, message: string, options?: ErrorOptions): AttnError {
  return new AttnError('MALFORMED_FILE', WHERE, `${file}: ${message}`, options);
}

/** A file that is right but asks for what is not there. */
export function unsupported(file: string, message: string): AttnError {
  return new AttnError('UNSUPPORTED', WHERE, `${file}: ${message}`);
}
