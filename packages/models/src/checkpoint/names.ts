/** Names of tensors that differ between checkpoints of one model. */
import type { Checkpoint } from './checkpoint.ts';

/**
 * The prefix of an encoder's tensors in this checkpoint: `prefix` in
 * models with a head, empty in models without a head.
 */
export function prefixOf(checkpoint: Pick<Checkpoint, 'has'>, prefix: string, name: string): string {
  return checkpoint.has(prefix + name) || !checkpoint.has(name) ? prefix : '';
}

/** Patterns of the names of all heads: in a checkpoint whose encoder has a prefix, all names without it. */
export function namesOfHeads({ names }: Pick<Checkpoint, 'names'>, prefix: string): readonly RegExp[] {
  const hasPrefix = names.some((name) => name.startsWith(prefix));
  return hasPrefix ? [new RegExp(`^(?!${prefix.replaceAll('.', '\\.')})`)] : [];
}
