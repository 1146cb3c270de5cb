/**
 * The layouts of checkpoints that bring code, of models that Hugging Face's library has today under other
 * names: jina-embeddings-v3, which its publisher calls an XLM-RoBERTa, and nomic-bert-2048.
 * https://huggingface.co/jinaai/xlm-roberta-flash-implementation,
 * https://huggingface.co/nomic-ai/nomic-bert-2048
 */
import type { JsonObject } from '@attn/core';
import type { Checkpoint } from './checkpoint.ts';
import { fieldOf } from './config-field.ts';
import { renamedClasses, type Layout } from './original-layouts.ts';

/** The layout of a checkpoint of these; undefined for any other. `names` are those of its tensors. */
export function flashLayout(
  { config }: Pick<Checkpoint, 'config'>,
  names: readonly string[],
): Layout | undefined {
  const type = fieldOf(config, 'model_type');
  if (type === 'xlm-roberta' && fieldOf(config, 'position_embedding_type') === 'rotary')
    return {
      config: ofJina(config),
      rename: (name) => name.replace(/\.parametrizations\.weight\.original$/, '.weight'),
      skippedRows: () => 0,
    };
  if (type === 'nomic_bert' && names.some((name) => name.startsWith('bert.')))
    return {
      config: { ...config, ...renamedClasses(config, /(?<=^NomicBert)ForPreTraining$/, 'ForMaskedLM') },
      rename: (name) => name.replace(/^bert\./, 'nomic_bert.'),
      skippedRows: () => 0,
    };
  return undefined;
}

/** The config in today's words, with the fields that today's has not. */
function ofJina({ rotary_emb_base: theta, position_embedding_type: _, ...rest }: JsonObject): JsonObject {
  return {
    ...rest,
    ...renamedClasses(rest, /^XLMRoberta(?=For|Model|LoRA)/, 'JinaEmbeddingsV3'),
    ...(theta !== undefined && { rope_parameters: { rope_type: 'default', rope_theta: theta } }),
    model_type: 'jina_embeddings_v3',
  };
}
