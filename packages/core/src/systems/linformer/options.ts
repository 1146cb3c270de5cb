/** What a Linformer takes: its inputs, its options, and what of them no Linformer can do. */
import { readEntries, type OptionKinds } from '../../check/check-options.ts';
import { AttnError, show, type AttnErrorCode } from '../../errors.ts';
import { ATTENTION_ATTRIBUTES, type AttentionAttributes } from '../../ops/attention/spec.ts';
import { either, integer, listOf, oneOf } from '../../check/kinds.ts';
import type { SequenceProjection } from './projection.ts';

/** How keys and values are shortened; see `SequenceProjection`. */
export type LinformerProjection = SequenceProjection['kind'];

/** One for all heads, or one for each. */
export type PerHead<T> = T | readonly T[];

/**
 * B batch; H, Hkv query and key/value heads; Nq, N query and key length; D head dim; Dv value dim. Hkv
 * divides H: one key/value head for all is Hkv = 1. Keys that are values, too, are the same value given
 * twice. Shapes in the layout `bhnd`.
 */
export interface LinformerInputs<T> {
  /** [B, H, Nq, D]. */
  readonly q: T;
  /** [B, Hkv, N, D]. */
  readonly k: T;
  /** [B, Hkv, N, Dv]. */
  readonly v: T;
  /**
   * [B, N], bool or u8: keys and values where it is 0 count as 0, whatever they are, before they are
   * projected.
   */
  readonly keyMask?: T;
  /**
   * Projects the keys. `linear`: [K, Nmax] with Nmax ≥ N for all heads, or [Hkv, K, Nmax] or [H, K, Nmax],
   * or a list of as many [K, Nmax], whose K may differ; the first N columns are used. `convolution`: [D, D,
   * w], as PyTorch's Conv1d has it.
   */
  readonly E?: PerHead<T>;
  /** Projects the values, with the K of E; a convolution is [Dv, Dv, w]. Default E, and then biasE. */
  readonly F?: PerHead<T>;
  /** Added to E k: [K] or, as E, [Hkv, K], [H, K] or a list of [K]. To a convolution: [D]. */
  readonly biasE?: PerHead<T>;
  /** Added to F v. */
  readonly biasF?: PerHead<T>;
}

/** Options of Linformer's attention. */
export interface LinformerOptions extends Pick<
  AttentionAttributes,
  'scale' | 'softcap' | 'layout' | 'returnLse'
> {
  /** Default `linear`. */
  readonly projection?: LinformerProjection;
  /**
   * K: what pools shorten N to, at most, or a number for each of the H or Hkv heads. Else it follows from
   * E, and may be left out.
   */
  readonly projectedLength?: PerHead<number>;
}

/** All operands by name. */
export const LINFORMER_OPERANDS = {
  required: ['q', 'k', 'v'],
  optional: ['keyMask', 'E', 'F', 'biasE', 'biasF'],
  lists: ['E', 'F', 'biasE', 'biasF'],
} as const;

/** All projections. */
export const LINFORMER_PROJECTIONS: readonly LinformerProjection[] = [
  'linear',
  'meanPool',
  'maxPool',
  'convolution',
];

/** What each option must be. */
export const LINFORMER_OPTIONS: OptionKinds<LinformerOptions> = {
  projection: oneOf(...LINFORMER_PROJECTIONS),
  projectedLength: either(integer(1), listOf(integer(1), 'a list of them')),
  scale: ATTENTION_ATTRIBUTES.scale,
  softcap: ATTENTION_ATTRIBUTES.softcap,
  layout: ATTENTION_ATTRIBUTES.layout,
  returnLse: ATTENTION_ATTRIBUTES.returnLse,
};

/** Throws `[attn/core] linformer: <message>`. */
export function fail(code: AttnErrorCode, message: string): never {
  throw new AttnError(code, 'core/linformer', message);
}

/** True for a list. `Array.isArray` does not narrow readonly ones. */
export function isList<T>(value: PerHead<T>): value is readonly T[] {
  return Array.isArray(value);
}

/**
 * Throws for options that contradict each other or what a Linformer is: `INVALID_ARGUMENT` for causal
 * attention and patterns, and for inputs and a length that the projection has no use for; `MISSING_INPUT`.
 */
export function checkLinformer(
  inputs: Pick<LinformerInputs<unknown>, 'E' | 'F' | 'biasE' | 'biasF'>,
  options: LinformerOptions,
): void {
  const { projection = 'linear', projectedLength } = options;
  switch (projection) {
    case 'linear':
    case 'convolution':
      if (inputs.E === undefined) fail('MISSING_INPUT', `the projection ${projection} needs the input E`);
      if (inputs.biasF !== undefined && inputs.F === undefined)
        fail('MISSING_INPUT', 'biasF needs the input F');
      if (projection === 'convolution' && projectedLength !== undefined) {
        const message = 'projectedLength of a convolution follows from the window of E and must be absent';
        fail('INVALID_ARGUMENT', `${message}, got ${show(projectedLength)}`);
      }
      return;
    case 'meanPool':
    case 'maxPool':
      for (const name of ['E', 'F', 'biasE', 'biasF'] as const) {
        if (inputs[name] !== undefined)
          fail('INVALID_ARGUMENT', `the projection ${projection} has no input ${name}, got one`);
      }
      if (projectedLength === undefined)
        fail('INVALID_ARGUMENT', `the projection ${projection} needs projectedLength, got none`);
      return;
    default:
      projection satisfies never;
  }
}

/** Whoever comes from `attention` may ask for what cannot be had. Throws `INVALID_ARGUMENT`. */
export function checkSeesAll(options: object): void {
  const entries = readEntries('core/linformer', 'options', options);
  for (const name of ['causal', 'pattern']) {
    const value = entries.find(([option]) => option === name)?.[1];
    if (value === undefined || value === false) continue;
    fail(
      'INVALID_ARGUMENT',
      `each projected key mixes all positions, so that no query can be kept from any of them: ${name} must be absent, got ${show(value)}`,
    );
  }
}
