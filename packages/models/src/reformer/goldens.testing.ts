/** The goldens of Reformer, and what they hold that other models' do not: the rotations that the original drew. */
import type { Tensor } from '@attn/core';
import type { Golden } from '../goldens.testing.ts';

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

/** Rotations by layer. */
export function rotationsOf({ tensors }: Golden): ReadonlyMap<number, Tensor> {
  return new Map(
    [...tensors].flatMap(([name, tensor]): [number, Tensor][] => {
      const [, layer] = /^aux\.rotations\.(\d+)$/.exec(name) ?? [];
      return layer === undefined ? [] : [[Number(layer), tensor]];
    }),
  );
}

/** Without what release 5.18 of the original makes of the head, which forgets its bias. */
export function outputsOf({ outputs }: Golden): readonly string[] {
  return outputs.filter((name) => name !== 'logits_without_bias');
}
