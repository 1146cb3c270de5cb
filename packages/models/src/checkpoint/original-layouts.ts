/**
 * The layouts of checkpoints that the Longformer paper's own repository wrote, the models of its tarballs and
 * of its conversion notebook, which call a Longformer RoBERTa and an LED BART.
 * https://github.com/allenai/longformer
 */
import { AttnError, type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';

/** What today's names and config are. */
export interface Layout {
  readonly config: JsonObject;
  rename(name: string): string;
  /** Rows at the beginning of a tensor that hold nothing. */
  skippedRows(name: string): number;
}

/** The layout of a checkpoint of that repository; undefined for any other. Errors: `MALFORMED_FILE`. */
export function originalLayout(config: JsonObject, names: readonly string[]): Layout | undefined {
  const isOfTarball = 'attention_dilation' in config || 'autoregressive' in config;
  if (names.some((name) => /^roberta\..*\.query_global\.weight$/.test(name))) {
    // The notebook writes windows as they are written today, the tarballs one side of them.
    return {
      config: {
        ...config,
        model_type: 'longformer',
        ...(isOfTarball && { attention_window: bothSides(config.attention_window) }),
      },
      rename: (name) => name.replace(/^roberta\./, 'longformer.'),
      skippedRows: () => 0,
    };
  }
  if (config.model_type === 'bart' && names.some((name) => name.includes('.longformer_self_attn.'))) {
    return {
      config: { ...config, model_type: 'led', attention_window: bothSides(config.attention_window) },
      rename: (name) => name.replace(/^model\./, 'led.'),
      // BART's positions begin at 2.
      skippedRows: (name) => (name.endsWith('.embed_positions.weight') ? 2 : 0),
    };
  }
  return undefined;
}

/** Windows in keys of both sides, of windows in keys of one. */
function bothSides(window: unknown): number | readonly number[] {
  if (typeof window === 'number') return 2 * window;
  if (Array.isArray(window) && window.every((width) => typeof width === 'number')) {
    return window.map((width) => 2 * width);
  }
  const message = `attention_window must be a number or a list of numbers, got ${show(window)}`;
  throw new AttnError('MALFORMED_FILE', 'models/load', message);
}
