/** What is checked of every call of a family's `load`. */
import { aString, checkArgument, checkOptions, type OptionKinds } from '@attn/core';
import { aCheckpoint } from '../argument-kinds.ts';
import type { FamilyOptions } from '../model.ts';
import type { Checkpoint } from './checkpoint.ts';
import { READ_OPTIONS } from './read-weights.ts';

const WHERE = 'models/load';

const KINDS: OptionKinds<FamilyOptions> = { ...READ_OPTIONS, architecture: aString };

/** The options. Errors: `INVALID_ARGUMENT`. */
export function checkFamilyCall(checkpoint: Checkpoint, options: FamilyOptions = {}): FamilyOptions {
  checkArgument(WHERE, 'checkpoint', checkpoint, aCheckpoint);
  return checkOptions(WHERE, options, KINDS);
}
