/**
 * Names and shapes of a privacy filter's tensors in a checkpoint. In a model with a head, names begin with
 * `model.`; in the base model they do not. Both are read.
 */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  linearSlots,
  matrixSlots,
  Slot,
  sensitive,
  type LinearSlots,
  type MatrixSlots,
  type Weights,
} from '../checkpoint/layout.ts';
import { namesOfHeads, prefixOf } from '../checkpoint/names.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import type { PrivacyFilterConfig } from './config.ts';

/** Slots of a linear layer whose bias the config may leave out. */
type ProjectionSlots = MatrixSlots & { readonly bias?: Slot };

/** Slots of a layer of all experts: weight [experts, in, out], bias [experts, out]. */
interface ExpertSlots {
  readonly weight: Slot;
  readonly bias: Slot;
}

/** Slots of one layer. */
interface LayerSlots {
  readonly attentionNorm: MatrixSlots;
  readonly query: ProjectionSlots;
  readonly key: ProjectionSlots;
  readonly value: ProjectionSlots;
  readonly output: ProjectionSlots;
  readonly sinks: Slot;
  readonly expertsNorm: MatrixSlots;
  readonly router: LinearSlots;
  /** Gates, and behind them what they scale. */
  readonly gateUp: ExpertSlots;
  readonly down: ExpertSlots;
}

/** Slots of all tensors. */
export interface PrivacyFilterSlots {
  readonly words: Slot;
  readonly layers: readonly LayerSlots[];
  readonly norm: MatrixSlots;
  readonly classifier: LinearSlots | undefined;
}

/** All weights of a model. */
export type PrivacyFilterWeights = Weights<PrivacyFilterSlots>;

/** Weights of one layer. */
export type LayerWeights = Weights<LayerSlots>;

const PREFIX = 'model.';

/** Reads the weights of a model. Errors: those of `readWeights`. */
export function readPrivacyFilterWeights(
  checkpoint: Checkpoint,
  config: PrivacyFilterConfig,
  options: ReadOptions = {},
): Promise<PrivacyFilterWeights> {
  const ignored = namesOfHeads(checkpoint, PREFIX);
  return readWeights(checkpoint, privacyFilterLayout(checkpoint, config), { ...options, ignored });
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function privacyFilterLayout(
  checkpoint: Pick<Checkpoint, 'has'>,
  config: PrivacyFilterConfig,
): PrivacyFilterSlots {
  const { vocabSize, hiddenSize, heads, kvHeads, headDim, intermediateSize, experts } = config;
  const prefix = prefixOf(checkpoint, PREFIX, 'embed_tokens.weight');
  const norm = (name: string): MatrixSlots => ({ weight: new Slot(`${name}.weight`, [hiddenSize]) });
  const projection = (name: string, outFeatures: number, inFeatures: number): ProjectionSlots =>
    (config.attentionBias ? linearSlots : matrixSlots)(name, outFeatures, inFeatures);
  const ofExperts = (name: string, inFeatures: number, outFeatures: number): ExpertSlots => ({
    weight: new Slot(name, [experts, inFeatures, outFeatures]),
    bias: new Slot(`${name}_bias`, [experts, outFeatures]),
  });
  const layer = (name: string): LayerSlots => ({
    attentionNorm: norm(`${name}.input_layernorm`),
    query: projection(`${name}.self_attn.q_proj`, heads * headDim, hiddenSize),
    key: projection(`${name}.self_attn.k_proj`, kvHeads * headDim, hiddenSize),
    value: sensitive(projection(`${name}.self_attn.v_proj`, kvHeads * headDim, hiddenSize)),
    output: projection(`${name}.self_attn.o_proj`, hiddenSize, heads * headDim),
    sinks: new Slot(`${name}.self_attn.sinks`, [heads]),
    expertsNorm: norm(`${name}.post_attention_layernorm`),
    router: linearSlots(`${name}.mlp.router`, experts, hiddenSize),
    gateUp: ofExperts(`${name}.mlp.experts.gate_up_proj`, hiddenSize, 2 * intermediateSize),
    down: ofExperts(`${name}.mlp.experts.down_proj`, intermediateSize, hiddenSize),
  });
  const hasHead = config.architecture === 'OpenAIPrivacyFilterForTokenClassification';
  return {
    words: new Slot(`${prefix}embed_tokens.weight`, [vocabSize, hiddenSize], 'embeddings'),
    layers: Array.from({ length: config.layers }, (_, i) => layer(`${prefix}layers.${i}`)),
    norm: norm(`${prefix}norm`),
    classifier: hasHead ? linearSlots('score', config.labels.length, hiddenSize) : undefined,
  };
}
