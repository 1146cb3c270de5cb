/** Configs of published models by their names, for checkpoints of random weights in real size. */
import type { JsonObject } from '@attn/core';
import { BART_PRESETS } from './bart/presets.ts';
import { BERT_PRESETS } from './bert/presets.ts';
import { BIGBIRD_PRESETS } from './bigbird/presets.ts';
import { GEMMA_EMBEDDING_PRESETS } from './gemma/presets.ts';
import { LED_PRESETS } from './led/presets.ts';
import { LONGFORMER_PRESETS } from './longformer/presets.ts';
import { MODERNBERT_PRESETS } from './modernbert/presets.ts';
import { NOMIC_PRESETS } from './nomic/presets.ts';
import { PRIVACY_FILTER_PRESETS } from './privacy-filter/presets.ts';
import { QWEN3_PRESETS } from './qwen3/presets.ts';
import { REFORMER_PRESETS } from './reformer/presets.ts';

/** Configs of published models by their names: `longformer-base`, `modernbert-base`, … */
export const PRESETS: Readonly<Record<string, JsonObject>> = {
  ...LONGFORMER_PRESETS,
  ...LED_PRESETS,
  ...BART_PRESETS,
  ...REFORMER_PRESETS,
  ...BERT_PRESETS,
  ...BIGBIRD_PRESETS,
  ...NOMIC_PRESETS,
  ...MODERNBERT_PRESETS,
  ...GEMMA_EMBEDDING_PRESETS,
  ...QWEN3_PRESETS,
  ...PRIVACY_FILTER_PRESETS,
};
