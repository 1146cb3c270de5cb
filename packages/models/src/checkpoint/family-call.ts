/** Checks the arguments of a family's methods. */
import { aString, checkArgument, checkOptions, type Kind, type OptionKinds } from '@attn/core/backend';
import { aCheckpoint } from '../argument-kinds.ts';
import type { FamilyOptions } from '../model.ts';
import { canonicalCheckpoint } from './canonical.ts';
import type { Checkpoint } from './checkpoint.ts';
import { refuseForeignCode } from './foreign-code.ts';
import { READ_OPTIONS } from './read-weights.ts';

const WHERE = 'models/load';

const KINDS: OptionKinds<FamilyOptions> = { ...READ_OPTIONS, architecture: aString };

/**
 * Checks a call of `load`, and returns its options and its checkpoint with today's names. Errors:
 * `INVALID_ARGUMENT`, `UNSUPPORTED` (code of its own), `MALFORMED_FILE`.
 */
export function checkFamilyCall(
  checkpoint: Checkpoint,
  options: FamilyOptions = {},
): FamilyOptions & { readonly checkpoint: Checkpoint } {
  checkArgument(WHERE, 'checkpoint', checkpoint, aCheckpoint);
  const checked = checkOptions(WHERE, options, KINDS);
  const canonical = canonicalCheckpoint(checkpoint);
  refuseForeignCode(canonical);
  return { ...checked, checkpoint: canonical };
}

/** The part of a checkpoint that `slots` needs. */
type SlotsSource = Pick<Checkpoint, 'config' | 'has'>;

const aConfigWithNames: Kind = {
  expected: 'a checkpoint, or an object with config and has',
  test: (value) => {
    const { config, has } = value as Partial<Record<keyof SlotsSource, unknown>>;
    return typeof config === 'object' && config !== null && typeof has === 'function';
  },
};

/** Checks a call of `slots` and returns its checkpoint. Errors: `INVALID_ARGUMENT`. */
export function checkSlotsCall(checkpoint: SlotsSource, architecture: string | undefined): SlotsSource {
  if (architecture !== undefined) checkArgument(WHERE, 'architecture', architecture, aString);
  return checkArgument(WHERE, 'checkpoint', checkpoint, aConfigWithNames);
}
