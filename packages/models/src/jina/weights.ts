/**
 * Names and shapes of the tensors of jina-embeddings-v3: a RoBERTa's heads, and layers of its own. Published
 * checkpoints also have adapters of their tables and linear layers, for each task.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { linearSlots, Slot } from '../checkpoint/layout.ts';
import type { BertConfig, BertTasks } from '../bert/config.ts';
import { ROBERTA_HEADS } from '../bert/head-weights.ts';
import { rotaryLayout, type RotaryNames } from '../bert/rotary-layout.ts';
import type { BertSlots } from '../bert/weights.ts';
import type { AdapterSlots } from '../graph/adapters.ts';

/** How PyTorch calls the first parametrization of a weight. */
const ADAPTER = 'parametrizations.weight.0';

/** What the tensors are called. */
export const NAMES: RotaryNames = {
  prefix: 'roberta.',
  heads: ROBERTA_HEADS,
  attention: 'mixer',
  feedForward: ['fc1'],
  linear: linearSlots,
};

/** The config without tasks, if the checkpoint has no adapters, as those of Hugging Face's library. */
export function withAdapters({ has }: Pick<Checkpoint, 'has'>, config: BertConfig): BertConfig {
  const name = `embeddings.word_embeddings.${ADAPTER}.lora_A`;
  return has(NAMES.prefix + name) || has(name) ? config : { ...config, tasks: undefined };
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function jinaLayout(checkpoint: Pick<Checkpoint, 'has'>, config: BertConfig): BertSlots {
  const slots = rotaryLayout(checkpoint, config, NAMES);
  return config.tasks === undefined ? slots : { ...slots, adapters: adapterSlots(slots, config.tasks) };
}

/** Adapters of all tables and linear layers. */
function adapterSlots({ words, types, layers, head }: BertSlots, tasks: BertTasks): readonly AdapterSlots[] {
  const linear = layers.flatMap(({ projections, attentionOutput, inner, output }) => [
    ...('all' in projections ? [projections.all] : []),
    attentionOutput,
    ...('intermediate' in inner ? [inner.intermediate] : []),
    output,
  ]);
  const dense = [...linear, ...(head.pooler ? [head.pooler] : [])].map(({ weight }) => weight);
  return [
    ...[words, ...(types ? [types] : [])].map((weight) => adapterOf(weight, tasks, 'table')),
    ...dense.map((weight) => adapterOf(weight, tasks, 'layer')),
  ];
}

/** The adapters of a layer are b·a; those of a table are a·b, so that a row of it needs a row of a alone. */
function adapterOf(
  weight: Slot,
  { prompts: { size: count }, rank }: BertTasks,
  kind: 'table' | 'layer',
): AdapterSlots {
  const [rows, columns] = weight.shape;
  const slot = (name: 'lora_A' | 'lora_B', shape: readonly number[]): Slot =>
    new Slot(weight.name.replace(/weight$/, `${ADAPTER}.${name}`), [count, ...shape]);
  return kind === 'table'
    ? { weight, a: slot('lora_A', [rows, rank]), b: slot('lora_B', [rank, columns]) }
    : { weight, a: slot('lora_A', [rank, columns]), b: slot('lora_B', [rows, rank]) };
}
