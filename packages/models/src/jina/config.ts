/** Reads and checks a config.json of jina-embeddings-v3, as Hugging Face's library writes it. */
import { type JsonObject } from '@attn/core';
import { LAYER_COUNT, readActivation, readWidth } from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { checkSupported } from '../checkpoint/supported-values.ts';
import { readSizes, type BertConfig, type BertTasks } from '../bert/config.ts';
import { readClass } from '../bert/tasks.ts';
import { ropeOf } from '../encoder/rope.ts';

const WHERE = 'models/jina';

/** The value of `model_type`. */
export const MODEL_TYPE = 'jina_embeddings_v3';

const CLASSES = {
  begins: ['JinaEmbeddingsV3'],
  tasks: ['states', 'maskedLm', 'sequence', 'token', 'answer'],
} as const;

/**
 * Reads a config.json. Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture and for decoders.
 *
 * @param name replaces the class that the file names
 */
export function readJinaConfig(json: JsonObject, name?: string): BertConfig {
  const reader = new ConfigReader(json);
  const { architecture, task } = readClass(WHERE, name ?? reader.texts('architectures')[0], CLASSES);
  checkSupported(WHERE, reader, {
    is_decoder: [false],
    add_cross_attention: [false],
    position_embedding_type: ['rotary'],
    truncate_dim: [],
  });
  const heads = reader.integer('num_attention_heads', { least: 1, byDefault: 16 });
  const hiddenSize = readWidth(reader, 'hidden_size', 'num_attention_heads', heads);
  const maxPositions = reader.integer('max_position_embeddings', { least: 1, byDefault: 8194 });
  return {
    architecture,
    task,
    ...readSizes(reader),
    hiddenSize,
    layers: reader.integer('num_hidden_layers', { ...LAYER_COUNT, byDefault: 24 }),
    heads,
    intermediateSize: reader.integer('intermediate_size', { least: 1, byDefault: 4096 }),
    activation: readActivation(reader, 'hidden_act', 'gelu'),
    headActivation: 'gelu',
    rowActivation: 'tanh',
    layerNormEps: reader.number('layer_norm_eps', { byDefault: 1e-5 }),
    positions: {
      kind: 'rotary',
      rope: ropeOf(reader, { width: hiddenSize / heads, maxPositions, theta: 20_000 }),
    },
    maxLength: maxPositions,
    tokenTypes: reader.integer('type_vocab_size', { least: 1, byDefault: 1 }),
    relativeBuckets: 0,
    padTokenId: reader.integer('pad_token_id', { byDefault: 1 }),
    tasks: readTasks(reader),
  };
}

/** The tasks of the adapters, in their order, and what stands before their texts. */
function readTasks(reader: ConfigReader): BertTasks | undefined {
  const names = reader.texts('lora_adaptations');
  if (names.length === 0) return undefined;
  const rank = reader.integer('lora_rank', { least: 1, byDefault: 4 });
  const scale = reader.number('lora_alpha', { byDefault: 1 }) / rank;
  const prompts = new ConfigReader(
    reader.object('task_instructions') ?? {},
    'config.json: task_instructions',
  );
  const promptOf = (name: string): string => {
    const text = prompts.field(name) ?? '';
    if (typeof text === 'string') return text;
    throw prompts.wrong(name, 'a text', text);
  };
  return { prompts: new Map(names.map((name) => [name, promptOf(name)])), rank, scale };
}
