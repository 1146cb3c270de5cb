/**
 * Why a file is refused. Every refusal is one `AttnError` whose sentence begins with one of these, after
 * the file's name.
 */
import { AttnError } from '@attn/core';

/** The beginnings of the sentences. */
export const BEGINNINGS = {
  /** Another kind of file. */
  format: 'not a PyTorch checkpoint',
  /** The zip, or the frame of a legacy file, contradicts itself. */
  container: 'a damaged checkpoint',
  /** The pickle breaks its rules, or uses an opcode that state dicts do not need. */
  pickle: 'a malformed pickle',
  /** The pickle asks for something that is not on the list of harmless names. */
  forbidden: 'refused, since it asks for more than tensors',
  /** Numbers of a tensor or a storage that do not fit. */
  tensor: 'a malformed tensor',
  /** Well-formed, and not a state dict. */
  content: 'not a state dict',
  /** Right, and not read here. */
  unsupported: 'not supported',
} as const;

/** The kinds of refusal. */
export type Refusal = keyof typeof BEGINNINGS;

/** An error that says why a file is refused. `file` is its name, where it is known. */
export function refusal(kind: Refusal, message: string, file?: string): AttnError {
  const sentence = `${BEGINNINGS[kind]}: ${message}`;
  const text = file === undefined ? sentence : `${file}: ${sentence}`;
  return new AttnError('MALFORMED_FILE', 'torch/read', text);
}
