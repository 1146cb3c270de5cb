/**
 * Reads and checks a config.json of a Linformer. There are two originals, whose
 * checkpoints have nothing in common: lucidrains' `linformer` (`model_type` "linformer")
 * and fairseq's `linformer_roberta`. Neither library writes a config.json; people write
 * one beside the weights. Wang et al. 2020, https://arxiv.org/abs/2006.04768
 */
import { AttnError, type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { WHERE } from './common-config.ts';
import { readFairseqConfig, type FairseqConfig } from './fairseq/config.ts';
import { readLucidrainsConfig, type LucidrainsConfig } from './lucidrains/config.ts';

/** A Linformer of either original. */
export type LinformerConfig = LucidrainsConfig | FairseqConfig;

/** Values of `model_type`. */
export const MODEL_TYPES: readonly unknown[] = ['linformer', 'linformer_roberta'];

/**
 * Reads a config.json; `architecture` replaces the class that the file names.
 *
 * Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture, and for causal models, which a
 * Linformer cannot be.
 */
export function readLinformerConfig(json: JsonObject, architecture?: string): LinformerConfig {
  const reader = new ConfigReader(json);
  refuseCausal(reader);
  const name = architecture ?? reader.texts('architectures')[0];
  return reader.field('model_type') === 'linformer_roberta'
    ? readFairseqConfig(reader, name)
    : readLucidrainsConfig(reader, name);
}

/**
 * Fields by which a config says that no token may see later ones.
 * Neither original has such fields; the message says why.
 */
const CAUSAL = ['causal', 'autoregressive', 'is_decoder'];

function refuseCausal(reader: ConfigReader): void {
  const says = (value: unknown): boolean => value !== undefined && value !== false && value !== 0;
  const name = CAUSAL.find((field) => says(reader.field(field)));
  if (name === undefined) return;
  throw new AttnError(
    'UNSUPPORTED',
    WHERE,
    `a Linformer cannot be causal, because each projected key mixes all positions: ${name} must be absent or false, got ${show(reader.field(name))}`,
  );
}
