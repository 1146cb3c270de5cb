/** What the files of sentence-transformers say of a model: `read-settings.ts` reads them. */
import type { JsonObject } from '@attn/core';
import type { GenerationDefaults } from '../generate/generation-config.ts';
import type { Model } from '../model.ts';
import type { PoolingMode } from './pooling.ts';
import type { Prompts } from './prompts.ts';
import type { Similarity } from './similarity.ts';
import type { SpladePooling } from './splade.ts';
import type { VectorModule } from './vector-modules.ts';

/** Where texts are cut, as the tokenizer's files say. */
export interface Cutting {
  /** Most tokens of a text, special ones included; undefined where the files say nothing. */
  readonly maxLength: number | undefined;
  /** The end of a text at which tokens are left out. */
  readonly side: 'left' | 'right';
}

/** How states of tokens become vectors: `Pooling` and the modules after it. */
export interface VectorPipeline {
  readonly kind: 'vectors';
  /** Ways whose vectors stand one behind the other. */
  readonly pooling: readonly PoolingMode[];
  /** Whether the tokens of the prompt count in the pooling. The model sees them in any case. */
  readonly includePrompt: boolean;
  /** The modules after the pooling. */
  readonly modules: readonly VectorModule[];
}

/** How logits of tokens become the weights of a vocabulary: `SpladePooling`. */
export interface SparsePipeline {
  readonly kind: 'sparse';
  readonly splade: SpladePooling;
}

/** A folder of sentence-transformers: what its files say beside the model and the tokenizer. */
export interface SentenceSettings extends Cutting {
  readonly pipeline: VectorPipeline | SparsePipeline;
  readonly prompts: Prompts;
  /** How vectors are compared. */
  readonly similarity: Similarity;
  /** How many dimensions are kept after the last module; undefined for all. */
  readonly dimensions: number | undefined;
}

/** Functions of the logits of a classifier. */
export type ScoreActivation = 'sigmoid' | 'identity' | 'softmax';

/** A classifier of pairs: a cross-encoder. */
export interface ScoringSettings extends Cutting {
  /** What becomes of logits; undefined where no file says it. */
  readonly activation: 'sigmoid' | 'identity' | undefined;
}

/** What the files of a folder say beside weights and tokenizer. */
export interface FolderSettings {
  /** config.json, of which tasks read the names of labels. */
  readonly config?: JsonObject | undefined;
  /** Where the tokenizer's own config cuts texts. */
  readonly cutting?: Cutting | undefined;
  /** Absent in folders without modules.json, and of cross-encoders. */
  readonly sentence?: SentenceSettings | undefined;
  /** Absent in models that classify no texts. */
  readonly scoring?: ScoringSettings | undefined;
  /** What the files say about generation. Absent in models that generate no texts. */
  readonly generation?: GenerationDefaults | undefined;
  /** viterbi_calibration.json of a model that classifies tokens. */
  readonly calibration?: JsonObject | undefined;
}

/** Whether a model gives logits [rows, tokens, labels] of tokens. */
export function classifiesTokens({
  architecture,
  outputs,
}: Pick<Model, 'architecture' | 'outputs'>): boolean {
  return architecture.endsWith('ForTokenClassification') && outputs.includes('logits');
}

/** Whether a model gives logits [rows, labels] of texts. */
export function classifiesTexts({ architecture, outputs }: Pick<Model, 'architecture' | 'outputs'>): boolean {
  return architecture.endsWith('ForSequenceClassification') && outputs.includes('logits');
}
