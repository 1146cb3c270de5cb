/**
 * One step of a decoder with a cache: a token for each row, whose keys and values join those of the tokens
 * before it. Where the row ends is data of the run, so all steps share one graph and one plan.
 */
import { f32, type Graph, type Value } from '@attn/core';
import { HIDDEN } from '../graph/hidden-keys.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import { stepOutputs } from '../graph/step-outputs.ts';
import type { StepShape } from '../model.ts';
import { cacheStates, TEXT_BIAS } from './caches.ts';
import type { StackConfig } from './config.ts';
import { wordLogits } from './heads.ts';
import { attend, decoderLayer, embeddings, keysAndValues, type KeysAndValues } from './stack.ts';
import type { DecoderWeights, HeadWeights } from './weights.ts';

/** Builds the graph. Its inputs are `decoder_input_ids` [rows, 1] and `position` [1], i32. */
export function stepGraph(
  config: StackConfig,
  { decoder, head }: { readonly decoder: DecoderWeights; readonly head: HeadWeights },
  { texts, rows, capacity, best }: StepShape,
): Graph {
  const builder = new ModelBuilder();
  const ids = builder.input('decoder_input_ids', { dtype: 'i32', shape: [rows, 1] });
  const position = builder.input('position', { dtype: 'i32', shape: [1] });
  const ownBias = laterBias(builder, position, capacity);
  const { count, length, padding } = texts;
  const textBias = padding
    ? builder.state(TEXT_BIAS, { dtype: 'f32', shape: [count, 1, 1, length] })
    : undefined;
  let x = embeddings(builder, decoder, config, { ids, places: position });
  for (const [i, layer] of decoder.layers.entries()) {
    const own = cacheStates(builder, ['self', i], config, { rows, length: capacity });
    const text = cacheStates(builder, ['cross', i], config, { rows: count, length });
    x = decoderLayer(builder, x, layer, config, {
      self: (states) => {
        const added = keysAndValues(builder, states, layer.self, config);
        const all = append(builder, own, added, position);
        return attend(builder, states, layer.self, all, { config, bias: ownBias });
      },
      cross: (states) => attend(builder, states, layer.cross, text, { config, bias: textBias }),
    });
  }
  const logits = wordLogits(builder, head, x);
  return builder.build(stepOutputs(builder, builder.reshape(logits, [rows, logits.shape[2]]), best));
}

function append(
  builder: ModelBuilder,
  cache: KeysAndValues,
  added: KeysAndValues,
  position: Value,
): KeysAndValues {
  return {
    key: builder.writeRows(cache.key, added.key, position, 2),
    value: builder.writeRows(cache.value, added.value, position, 2),
  };
}

/** The bias [1, 1, 1, capacity] that hides the places after `position`. */
function laterBias(builder: ModelBuilder, position: Value, capacity: number): Value {
  const places = Array.from({ length: capacity }, (_, place) => place);
  // The place as a number: f32 [1, 1].
  const place = builder.embedding(position, builder.constant(f32([capacity, 1], places)));
  const beyond = builder.relu(builder.sub(builder.constant(f32([1, capacity], places)), place));
  const bias = builder.mul(beyond, builder.constant(f32([1], [HIDDEN])));
  return builder.reshape(bias, [1, 1, 1, capacity]);
}
