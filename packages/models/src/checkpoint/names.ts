/** Names of tensors that differ between checkpoints of one and the same model. */
import type { Checkpoint } from './checkpoint.ts';

/**
 * Models with a head have their encoder's tensors under a prefix, those
 * without have it not: the prefix, unless only the bare name is there.
 */
export function prefixOf(checkpoint: Pick<Checkpoint, 'has'>, prefix: string, name: string): string {
  return checkpoint.has(prefix + name) || !checkpoint.has(name) ? prefix : '';
}

/** The bias of a language model's decoder has two names, of which files store one or both. */
export function lmHeadBias(checkpoint: Pick<Checkpoint, 'has'>): string {
  return checkpoint.has('lm_head.bias') ? 'lm_head.bias' : 'lm_head.decoder.bias';
}
