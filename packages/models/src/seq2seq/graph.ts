/** A model with an encoder and a decoder as one graph, in which the decoder sees all its tokens at once. */
import { causal, i32, type Graph, type Tensor, type Value } from '@attn/core';
import type { EncodedText } from '../encoder/encoded-text.ts';
import { stateOutputs } from '../encoder/graph-ends.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import type { Seq2SeqConfig, StackConfig } from './config.ts';
import type { EncoderSide } from './encoder-side.ts';
import { ENCODED, headOutputs } from './heads.ts';
import { attend, decoderLayer, embeddings, keysAndValues, plainPlaces } from './stack.ts';
import type { DecoderWeights, DecodingWeights } from './weights.ts';

/** What the decoder of a graph is built for. */
export interface DecoderShape {
  /** T: tokens per row; absent where they are those of the encoder, moved one place to the right. */
  readonly length: number | undefined;
  /** Whether there is an input `decoder_attention_mask` [B, T], bool. */
  readonly padding: boolean;
}

/** What a graph is built for. */
export interface Seq2SeqShape<S> {
  readonly encoder: S;
  readonly decoder: DecoderShape;
  /** Adds the states between layers of both sides. */
  readonly hiddenStates: boolean;
}

/** All parts of a model. `S` is plain data that says all that graphs of its encoder differ by. */
export interface Seq2SeqParts<S> {
  readonly config: Seq2SeqConfig;
  readonly encoder: EncoderSide<S>;
  readonly weights: DecodingWeights;
  /** `tokenTable` of the ids that end texts, in a classifier. */
  readonly endTable: Tensor<'f32'> | undefined;
}

/** Builds the graph. Its inputs are those of the encoder, and `decoder_input_ids` [B, T], i32. */
export function seq2SeqGraph<S>(parts: Seq2SeqParts<S>, shape: Seq2SeqShape<S>): Graph {
  const { config, encoder, weights, endTable } = parts;
  const builder = new ModelBuilder();
  const text = encoder.build(builder, shape.encoder);
  const encoded = text.states[text.states.length - 1];
  if (weights.decoder === undefined)
    return builder.build({ last_hidden_state: encoded, ...stateOutputs(text.states, shape) });
  const states = decoderStates(builder, config, weights.decoder, shape.decoder, text);
  const ends = endTable && { ids: text.ids, table: endTable };
  return builder.build({
    ...headOutputs(builder, weights.head, states[states.length - 1], ends),
    [ENCODED]: encoded,
    ...sideStates('encoder', text.states, shape),
    ...sideStates('decoder', states, shape),
  });
}

function sideStates(
  side: 'encoder' | 'decoder',
  states: readonly Value[],
  shape: { readonly hiddenStates: boolean },
): Readonly<Record<string, Value>> {
  const outputs = Object.entries(stateOutputs(states, shape));
  return Object.fromEntries(outputs.map(([name, state]) => [`${side}_${name}`, state]));
}

/** The input of every layer of the decoder, and the output of the last: [B, T, width] each. */
function decoderStates(
  builder: ModelBuilder,
  { decoder: config, startTokenId }: Seq2SeqConfig,
  weights: DecoderWeights,
  { length, padding }: DecoderShape,
  text: EncodedText,
): readonly Value[] {
  const [batch, sourceLength] = text.ids.shape;
  const encoded = text.states[text.states.length - 1];
  const shape = [batch, length ?? sourceLength];
  const ids =
    length === undefined
      ? movedIds(builder, text.ids, startTokenId)
      : builder.input('decoder_input_ids', { dtype: 'i32', shape });
  const ownMask = padding ? builder.input('decoder_attention_mask', { dtype: 'bool', shape }) : undefined;
  const places = plainPlaces(builder, shape[1]);
  const states = [embeddings(builder, weights, config, { ids, places })];
  for (const [i, layer] of weights.layers.entries())
    states.push(teacherLayer(builder, states[i], layer, { config, ownMask, encoded, mask: text.keyMask }));
  return states;
}

/** Everything that a layer depends on beside its input and its weights. */
interface LayerContext {
  readonly config: StackConfig;
  readonly ownMask: Value | undefined;
  readonly encoded: Value;
  readonly mask: Value | undefined;
}

/** A layer that sees all tokens of its row at once, each those up to itself. */
function teacherLayer(
  builder: ModelBuilder,
  x: Value,
  layer: DecoderWeights['layers'][number],
  { config, ownMask, encoded, mask }: LayerContext,
): Value {
  return decoderLayer(builder, x, layer, config, {
    self: (own) =>
      attend(builder, own, layer.self, keysAndValues(builder, own, layer.self, config), {
        config,
        pattern: causal(),
        keyMask: ownMask,
      }),
    cross: (own) =>
      attend(builder, own, layer.cross, keysAndValues(builder, encoded, layer.cross, config), {
        config,
        keyMask: mask,
      }),
  });
}

/** Ids [B, N] moved one place to the right, after the id that decoding begins with. */
function movedIds(builder: ModelBuilder, ids: Value, startTokenId: number): Value {
  const [batch, length] = ids.shape;
  const start = builder.constant(i32([batch, 1], new Int32Array(batch).fill(startTokenId)));
  if (length === 1) return start;
  return builder.concat([start, builder.slice(ids, [0, 0], [batch, length - 1])], 1);
}
