/** Checks the arguments of a family's methods. */
import { type JsonObject } from '@attn/core';
import { aString, checkArgument, checkOptions, type Kind, type OptionKinds } from '@attn/core/backend';
import { aCheckpoint } from '../argument-kinds.ts';
import type { FamilyOptions } from '../model.ts';
import type { Checkpoint } from './checkpoint.ts';
import { READ_OPTIONS } from './read-weights.ts';

const WHERE = 'models/load';

const KINDS: OptionKinds<FamilyOptions> = { ...READ_OPTIONS, architecture: aString };

/** Checks a call of `load` and returns its options. Errors: `INVALID_ARGUMENT`. */
export function checkFamilyCall(checkpoint: Checkpoint, options: FamilyOptions = {}): FamilyOptions {
  checkArgument(WHERE, 'checkpoint', checkpoint, aCheckpoint);
  return checkOptions(WHERE, options, KINDS);
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

/** A field of a config.json; undefined when `config` is not an object. */
export function fieldOf(config: JsonObject, name: string): unknown {
  try {
    return typeof config === 'object' && config !== null ? config[name] : undefined;
  } catch {
    return undefined; // An object that cannot be read is not a config.
  }
}
