/** What is checked of every call of a family's methods. */
import { type JsonObject } from '@attn/core';
import { aString, checkArgument, checkOptions, type Kind, type OptionKinds } from '@attn/core/backend';
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

/** What `slots` takes of a checkpoint. */
type SlotsSource = Pick<Checkpoint, 'config' | 'has'>;

const aConfigWithNames: Kind = {
  expected: 'a checkpoint, or an object with config and has',
  test: (value) => {
    const { config, has } = value as Partial<Record<keyof SlotsSource, unknown>>;
    return typeof config === 'object' && config !== null && typeof has === 'function';
  },
};

/** The checkpoint of a call of `slots`. Errors: `INVALID_ARGUMENT`. */
export function checkSlotsCall(checkpoint: SlotsSource, architecture: string | undefined): SlotsSource {
  if (architecture !== undefined) checkArgument(WHERE, 'architecture', architecture, aString);
  return checkArgument(WHERE, 'checkpoint', checkpoint, aConfigWithNames);
}

/** A field of a config.json, whatever was passed as one. */
export function fieldOf(config: JsonObject, name: string): unknown {
  try {
    return typeof config === 'object' && config !== null ? config[name] : undefined;
  } catch {
    return undefined; // An object that cannot be read is no config.
  }
}
