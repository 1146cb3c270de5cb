/**
 * Reads and checks a config.json of EmbeddingGemma 2, of which there is the part that reads texts: that
 * part's own config, or the whole model's, which has it in `text_config`.
 * https://huggingface.co/google/embeddinggemma-2
 */
import type { JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import { checkArchitecture, LAYER_COUNT } from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { readGroupedHeads, type GroupedHeads } from '../encoder/grouped-attention.ts';
import { readLayerTypes } from '../encoder/layer-types.ts';
import { readRope, type Rope } from '../encoder/rope.ts';
import {
  GEMMA_EMBEDDING_2,
  readSizes,
  ropeParameters,
  unsupported,
  WHERE,
  type GemmaConfig,
  type GemmaLayer,
} from './config.ts';

/** Every this many layers, one sees all, where the config does not say more. */
const PATTERN = 6;

/**
 * Features that the original's class has and no published model uses, each with the value that turns it off.
 */
const OFF: Readonly<Record<string, unknown>> = {
  attention_k_eq_v: false,
  enable_moe_block: false,
  use_double_wide_mlp: false,
  num_kv_shared_layers: 0,
  use_bidirectional_attention: 'all',
};

/**
 * Reads a config.json.
 *
 * Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture, rope or feature.
 *
 * @param architecture replaces the class that the file names
 */
export function readEmbeddingGemma2Config(json: JsonObject, architecture?: string): GemmaConfig {
  const whole = new ConfigReader(json);
  const text = whole.object('text_config');
  const reader = text === undefined ? whole : new ConfigReader(text, 'config.json: text_config');
  const byDefault = text === undefined ? 'EmbeddingGemma2TextModel' : 'EmbeddingGemma2Model';
  for (const [field, off] of Object.entries(OFF)) {
    const value = reader.field(field);
    if (value !== undefined && value !== off) throw unsupported(field, show(off), show(value));
  }
  const { layers, ropes } = readLayers(reader);
  return {
    ...readSizes(reader),
    architecture: checkArchitecture(
      WHERE,
      architecture ?? whole.texts('architectures')[0] ?? byDefault,
      GEMMA_EMBEDDING_2,
    ),
    layers,
    ropes,
    causal: false,
    scale: 1,
    normOffset: 0,
    normValues: true,
    perLayerWidth: reader.integer('hidden_size_per_layer_input', { least: 1 }),
    embeddingDim: reader.integer('embedding_dim', { least: 1 }),
    tied: false,
    logitCap: undefined,
    labels: 0,
  };
}

/** The layers, and a rope for each type of layer and width of head. */
function readLayers(reader: ConfigReader): Pick<GemmaConfig, 'layers' | 'ropes'> {
  const count = reader.integer('num_hidden_layers', LAYER_COUNT);
  const heads = readGroupedHeads(reader, { headDim: 256 });
  const own = headsOfLayers(reader, count, heads);
  // The last layer sees all, whatever the config says.
  const types = readLayerTypes(reader, count, (layer) => (layer + 1) % PATTERN === 0).with(
    -1,
    'full_attention',
  );
  // Unlike Gemma 3's, it is the number of keys on each side.
  const side = reader.integer('sliding_window');
  const parameters = ropeParameters(reader);
  if (parameters === undefined) throw reader.wrong('rope_parameters', 'an object', undefined);
  const maxPositions = reader.integer('max_position_embeddings', { least: 1 });
  const ropes = new Map<string, Rope>();
  const layers = types.map((type, i): GemmaLayer => {
    const layerHeads = own.get(i) ?? heads;
    const rope = `${type}_${layerHeads.headDim}`;
    if (!ropes.has(rope)) {
      const name = `rope_parameters.${type}`;
      const ofType = new ConfigReader(parameters, 'config.json: rope_parameters').object(type) ?? {};
      ropes.set(rope, readRope(ofType, { width: layerHeads.headDim, maxPositions, name }));
    }
    const window = type === 'full_attention' ? undefined : { before: side, after: side };
    return { heads: layerHeads, window, rope };
  });
  return { layers, ropes };
}

/**
 * The heads of layers that differ from the others: `per_layer_config` has objects by the layer's number,
 * which may begin with zeros.
 */
function headsOfLayers(
  reader: ConfigReader,
  count: number,
  { heads, kvHeads, headDim }: GroupedHeads,
): ReadonlyMap<number, GroupedHeads> {
  const perLayer = reader.object('per_layer_config');
  if (perLayer === undefined) {
    for (const field of ['global_head_dim', 'num_global_key_value_heads']) {
      const value = reader.field(field);
      if (value !== undefined) throw unsupported(field, 'in per_layer_config', show(value));
    }
    return new Map();
  }
  const entries = Object.keys(perLayer).map((key): [number, GroupedHeads] => {
    const name = `per_layer_config[${show(key)}]`;
    const layer = /^\d+$/.test(key) ? Number(key) : NaN;
    if (!(layer < count)) throw reader.wrong('per_layer_config', `of layers 0 to ${count - 1}`, key);
    const fields = new ConfigReader(perLayer).object(key) ?? {};
    const other = Object.keys(fields).find(
      (field) => field !== 'head_dim' && field !== 'num_key_value_heads',
    );
    if (other !== undefined) throw unsupported(name, 'of head_dim and num_key_value_heads', show(other));
    const own = new ConfigReader(
      { num_attention_heads: heads, num_key_value_heads: kvHeads, ...fields },
      `config.json: ${name}`,
    );
    return [layer, readGroupedHeads(own, { headDim })];
  });
  const layers = new Map(entries);
  if (layers.size === entries.length) return layers;
  throw reader.wrong('per_layer_config', 'of different layers', perLayer);
}
