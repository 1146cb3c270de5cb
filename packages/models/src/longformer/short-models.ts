/**
 * The short models that `toLongformer` converts: their defaults, and
 * the names of their tensors in a Longformer.
 */
import { AttnError, type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import { ARCHITECTURES, type LongformerArchitecture } from './config.ts';

/** A kind of short model. */
export interface ShortModel {
  /** Values of config.json's `model_type`. */
  readonly types: readonly string[];
  /** Prefix of the encoder's tensors in checkpoints with a head. */
  readonly prefix: string;
  /** The beginning of the names of its classes. */
  readonly classes: RegExp;
  readonly padTokenId: number;
  readonly sepTokenId: number;
  /** How many rows of its position embeddings are no positions of text. */
  reservedRows(padTokenId: number): number;
  /** Renames tensors of heads; undefined drops them. */
  head(name: string, architecture: LongformerArchitecture): string | undefined;
}

const roberta: ShortModel = {
  types: ['roberta', 'xlm-roberta', 'camembert'],
  prefix: 'roberta.',
  classes: /^(XLMRoberta|Roberta|Camembert)/,
  padTokenId: 1,
  sepTokenId: 2,
  reservedRows: (padTokenId) => padTokenId + 1,
  head: (name) => name,
};

const bert: ShortModel = {
  types: ['bert'],
  prefix: 'bert.',
  classes: /^Bert/,
  padTokenId: 0,
  sepTokenId: 102,
  reservedRows: () => 0,
  head(name, architecture) {
    if (name.startsWith('cls.')) return PREDICTIONS.find(([from]) => from.test(name))?.[1](name);
    // BERT classifies through its pooler, which Longformer's head calls dense.
    if (architecture === 'LongformerForSequenceClassification')
      return name.replace(/^classifier\.(weight|bias)$/, 'classifier.out_proj.$1');
    return name;
  },
};

/** All short models that `toLongformer` converts. */
export const SHORT_MODELS: readonly ShortModel[] = [roberta, bert];

/**
 * New names for the tensors of BERT's masked language model. Its
 * second task, the next sentence, has no counterpart.
 */
const PREDICTIONS: readonly (readonly [RegExp, (name: string) => string])[] = [
  [/^cls\.predictions\.transform\.dense\./, (name) => name.replace(/^.*dense/, 'lm_head.dense')],
  [/^cls\.predictions\.transform\.LayerNorm\./, (name) => name.replace(/^.*LayerNorm/, 'lm_head.layer_norm')],
  [/^cls\.predictions\.(decoder\.)?(weight|bias)$/, (name) => name.replace(/^cls\.predictions/, 'lm_head')],
];

/** The Longformer class of a short model's class. Errors: `UNSUPPORTED`. */
export function shortArchitecture(config: JsonObject, { classes }: ShortModel): LongformerArchitecture {
  const { architectures } = config;
  const className: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  if (className === undefined) return 'LongformerModel';
  const name = String(className).replace(classes, 'Longformer').replace('ForPreTraining', 'ForMaskedLM');
  const target = ARCHITECTURES.find((architecture) => architecture === name);
  if (target === undefined) {
    throw new AttnError(
      'UNSUPPORTED',
      'models/to-longformer',
      `there is no Longformer of the class ${show(className)}`,
    );
  }
  // Longformer's head always uses gelu, whatever the encoder uses.
  const activation = config.hidden_act ?? 'gelu';
  if (target === 'LongformerForMaskedLM' && activation !== 'gelu') {
    const message = `a masked language model must have hidden_act gelu, got ${show(activation)}`;
    throw new AttnError('UNSUPPORTED', 'models/to-longformer', message);
  }
  return target;
}

/**
 * The name that a tensor of the short model has in the Longformer; undefined for one that has no place there.
 */
export function longformerName(
  name: string,
  model: ShortModel,
  architecture: LongformerArchitecture,
): string | undefined {
  const isEncoder = /^(embeddings|encoder|pooler)\./.test(name);
  const inner = name.startsWith(model.prefix)
    ? name.slice(model.prefix.length)
    : isEncoder
      ? name
      : undefined;
  if (inner === undefined) return model.head(name, architecture);
  const isPoolerOfHead =
    inner.startsWith('pooler.') && model === bert && architecture === 'LongformerForSequenceClassification';
  return isPoolerOfHead ? inner.replace(/^pooler\.dense/, 'classifier.dense') : `longformer.${inner}`;
}
