/**
 * Texts as a decoder with a cache needs them: the keys and values of every layer's attention to them, which
 * are projected once and stay where the decoder runs.
 */
import { i32, type Graph } from '@attn/core';
import { cacheStates } from '../cached/caches.ts';
import { firstToken } from '../graph/heads.ts';
import { paddingBias } from '../graph/hidden-keys.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import type { Seq2SeqParts } from './graph.ts';
import { headSizes, keysAndValues } from './stack.ts';

/** The bias [B, 1, 1, N] that hides the padding of texts. */
export const TEXT_BIAS = 'cross.bias';

/** Builds the graph. Its inputs are those of the encoder. */
export function encodeGraph<S>({ config, encoder, weights }: Seq2SeqParts<S>, shape: S): Graph {
  const { decoder } = config;
  const builder = new ModelBuilder();
  const { ids, states, keyMask } = encoder.build(builder, shape);
  const [rows, length] = ids.shape;
  const encoded = states[states.length - 1];
  const start = builder.constant(i32([1], [0]));
  for (const [i, layer] of (weights.decoder?.layers ?? []).entries()) {
    const projected = keysAndValues(builder, encoded, layer.cross, decoder);
    const caches = cacheStates(builder, ['cross', i], { ...headSizes(decoder), rows, length });
    builder.writeRows(caches.key, projected.key, start, 2);
    builder.writeRows(caches.value, projected.value, start, 2);
  }
  if (keyMask !== undefined) {
    const bias = builder.state(TEXT_BIAS, { dtype: 'f32', shape: [rows, 1, 1, length] });
    const own = builder.reshape(paddingBias(builder, keyMask), [rows, 1, 1, length]);
    builder.writeRows(bias, own, start, 3);
  }
  return builder.build({ first_hidden_state: firstToken(builder, encoded) });
}
