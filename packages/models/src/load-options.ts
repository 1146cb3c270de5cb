/** Options of loading a model wherever its files are, and their check. */
import type { Attn } from '@attn/core';
import { aBoolean, aString, oneOf, type OptionKinds } from '@attn/core/backend';
import { anAttn, someFamilies } from './argument-kinds.ts';
import { READ_OPTIONS } from './checkpoint/read-weights.ts';
import { aLoadDtype, type LoadDtype } from './checkpoint/weight-dtype.ts';
import type { LazyFamily } from './families.ts';
import { ABILITIES, type Ability } from './loaded/abilities.ts';
import type { FamilyOptions, ModelFamily } from './model.ts';

/** Options of `loadModel` wherever the files are. */
export interface LoadOptions extends Omit<FamilyOptions, 'dtype'> {
  /**
   * The form in which matrices and tables of embeddings are kept: as f32, or as codes of 8 bits (`q8`) or 4
   * bits (`q4`) with scales, which they become as they are read. `auto`: as the files have them, or `q8`
   * where numbers of f32 would take more than an eighth of the machine's memory, or than 2 GiB. The model's
   * `weights.forms` say what came of it. Default: as the files have them.
   */
  readonly dtype?: LoadDtype;
  /** Runs the model on its backends. Without it the model can only be inspected and exported. */
  readonly attn?: Attn;
  /** Families to choose from, by config.json. Default: all families of this package. */
  readonly families?: readonly (ModelFamily | LazyFamily)[];
  /**
   * Whether the files of sentence-transformers count: `modules.json` and what it names. False for the model
   * without its modules and prompts. Default true.
   */
  readonly modules?: boolean;
  /** False for the model without its head, whose result are the states of tokens. Default true. */
  readonly head?: boolean;
  /**
   * The method that the model must have, such as `encode`: a model without it is refused. For `encode`, the
   * default of `head` is false. Default: the model has the methods that it can have.
   */
  readonly for?: Ability;
}

/** Kinds of the options of loading. */
export const LOAD_OPTIONS: OptionKinds<LoadOptions> = {
  ...READ_OPTIONS,
  dtype: aLoadDtype,
  architecture: aString,
  attn: anAttn,
  families: someFamilies,
  modules: aBoolean,
  head: aBoolean,
  for: oneOf(...ABILITIES),
};

/** Checked options, apart: how the model is loaded, and where its files are. Both have the signal. */
export function splitOptions<O extends LoadOptions>(
  options: O,
): { readonly loading: LoadOptions; readonly place: Omit<O, Exclude<keyof LoadOptions, 'signal'>> } {
  const pick = (test: (name: string) => boolean): object =>
    Object.fromEntries(Object.entries(options).filter(([name]) => test(name)));
  const isLoading = (name: string): boolean => Object.hasOwn(LOAD_OPTIONS, name);
  return {
    loading: pick(isLoading),
    place: pick((name) => name === 'signal' || !isLoading(name)) as Omit<O, never>,
  };
}
