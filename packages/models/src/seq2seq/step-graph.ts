/**
 * A step of a decoder with a cache: new tokens of each row, whose keys and values join those of the tokens
 * before. Where the row ends is data of the run, so all steps share one graph and one plan.
 */
import type { Graph } from '@attn/core';
import { cacheStates, writeTokens } from '../cached/caches.ts';
import type { StepSizes } from '../cached/cached-steps.ts';
import { lastStates, laterBias, stepPlaces } from '../cached/step-places.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import { stepOutputs } from '../graph/step-outputs.ts';
import type { EncodedTexts } from '../model.ts';
import { TEXT_BIAS } from './encode-graph.ts';
import type { StackConfig } from './config.ts';
import { wordLogits } from './heads.ts';
import { attend, decoderLayer, embeddings, keysAndValues, headSizes } from './stack.ts';
import type { DecoderWeights, HeadWeights } from './weights.ts';

/** Builds the graph. Its inputs are `decoder_input_ids` [rows, T], i32, and those of `stepPlaces`. */
export function stepGraph(
  config: StackConfig,
  { decoder, head }: { readonly decoder: DecoderWeights; readonly head: HeadWeights },
  { texts, rows, length, capacity, best }: StepSizes<EncodedTexts>,
): Graph {
  const builder = new ModelBuilder();
  const ids = builder.input('decoder_input_ids', { dtype: 'i32', shape: [rows, length] });
  const places = stepPlaces(builder, { rows, length, capacity, padding: false });
  const ownBias = laterBias(builder, places, capacity);
  const textBias = texts.padding
    ? builder.state(TEXT_BIAS, { dtype: 'f32', shape: [texts.count, 1, 1, texts.length] })
    : undefined;
  const heads = headSizes(config);
  let x = embeddings(builder, decoder, config, { ids, places: places.tokens });
  for (const [i, layer] of decoder.layers.entries()) {
    const own = cacheStates(builder, ['self', i], { ...heads, rows, length: capacity });
    const text = cacheStates(builder, ['cross', i], { ...heads, rows: texts.count, length: texts.length });
    x = decoderLayer(builder, x, layer, config, {
      self: (states) => {
        const added = keysAndValues(builder, states, layer.self, config);
        const all = writeTokens(builder, own, added, places.start);
        return attend(builder, states, layer.self, all, { config, bias: ownBias });
      },
      cross: (states) => attend(builder, states, layer.cross, text, { config, bias: textBias }),
    });
  }
  const logits = wordLogits(builder, head, lastStates(builder, x, places));
  return builder.build(stepOutputs(builder, builder.reshape(logits, [rows, logits.shape[2]]), best));
}
