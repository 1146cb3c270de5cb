/**
 * The goldens of Reformer, and what they hold that other models' do
 * not: the rotations that the original drew.
 */
import type { Tensor } from '@attn/core';
import { hasStates, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { reformerFamily } from './index.ts';

export const GOLDENS = [
  'reformer_encoder',
  'reformer_encoder_padded',
  'reformer_encoder_odd',
  'reformer_plain_positions',
  'reformer_lsh_only',
  'reformer_local_only',
  'reformer_short',
  'reformer_lm',
  'reformer_lm_odd',
];

/** The model and the golden's call of it. */
export async function callGolden(golden: Golden): Promise<GoldenCall> {
  const model = await reformerFamily.load(golden.checkpoint);
  const call = model.call(golden.batch, { hiddenStates: hasStates(golden), rotations: rotationsOf(golden) });
  // Without what release 5.18 of the original makes of the head, which forgets its bias.
  return { model, names: golden.outputs.filter((name) => name !== 'logits_without_bias'), ...call };
}

/** Rotations by layer. */
export function rotationsOf({ tensors }: Golden): ReadonlyMap<number, Tensor> {
  return new Map(
    [...tensors].flatMap(([name, tensor]): [number, Tensor][] => {
      const [, layer] = /^aux\.rotations\.(\d+)$/.exec(name) ?? [];
      return layer === undefined ? [] : [[Number(layer), tensor]];
    }),
  );
}
