/** Names of tensors that differ between checkpoints of one model. */
import type { Checkpoint } from './checkpoint.ts';

/**
 * The prefix of an encoder's tensors in this checkpoint: `prefix` in
 * models with a head, empty in models without a head.
 */
export function prefixOf(checkpoint: Pick<Checkpoint, 'has'>, prefix: string, name: string): string {
  return checkpoint.has(prefix + name) || !checkpoint.has(name) ? prefix : '';
}

/** Name of the bias of a language model's decoder. Files store it under one of two names, or under both. */
export function lmHeadBias(checkpoint: Pick<Checkpoint, 'has'>): string {
  return checkpoint.has('lm_head.bias') ? 'lm_head.bias' : 'lm_head.decoder.bias';
}
