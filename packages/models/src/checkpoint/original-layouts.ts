/**
 * The layouts of checkpoints that the Longformer paper's own repository wrote, the models of its tarballs and
 * of its conversion notebook, which call a Longformer RoBERTa and an LED BART.
 * https://github.com/allenai/longformer
 */
import { AttnError, type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Checkpoint } from './checkpoint.ts';
import { fieldOf } from './config-field.ts';
import { ConfigReader } from './config-reader.ts';

/** What today's names and config are. */
export interface Layout {
  readonly config: JsonObject;
  rename(name: string): string;
  /** Rows at the beginning of a tensor, by today's name, that hold nothing. */
  skippedRows(name: string): number;
}

const WHERE = 'models/load';

/** Rows that BART's positions begin after. */
const BART_ROWS = 2;

/**
 * The layout of a checkpoint of that repository; undefined for any other. `names` are those of its tensors.
 * Errors: `MALFORMED_FILE`, `UNSUPPORTED`.
 */
export function originalLayout(
  { name: checkpoint, config }: Pick<Checkpoint, 'name' | 'config'>,
  names: readonly string[],
): Layout | undefined {
  if (names.some((name) => /^roberta\..*\.query_global\.weight$/.test(name))) {
    // The notebook writes windows as they are written today, the tarballs one side of them.
    const isOfTarball = ['attention_dilation', 'autoregressive'].some(
      (field) => fieldOf(config, field) !== undefined,
    );
    return {
      config: {
        ...(isOfTarball ? ofTarball(checkpoint, config) : config),
        ...renamedClasses(config, /^Roberta(Long)?(?=For|Model)/, 'Longformer'),
        model_type: 'longformer',
      },
      rename: (name) => name.replace(/^roberta\./, 'longformer.'),
      skippedRows: () => 0,
    };
  }
  const isLed = names.some((name) => /^model\.encoder\..*\.longformer_self_attn\./.test(name));
  if (!isLed || fieldOf(config, 'model_type') !== 'bart') return undefined;
  refuseVariants(checkpoint, config);
  const { extra_pos_embeddings: _, ...rest } = ofTarball(checkpoint, config);
  const skipped = new ConfigReader(config).integer('extra_pos_embeddings', { byDefault: BART_ROWS });
  return {
    config: {
      ...rest,
      ...renamedClasses(config, /^(Bart|LongformerEncoderDecoder)(?=For|Model|$)/, 'LED'),
      model_type: 'led',
    },
    rename: (name) => name.replace(/^model\./, 'led.'),
    skippedRows: (name) => (name.endsWith('.embed_positions.weight') ? skipped : 0),
  };
}

/** The config of a tarball with windows of both sides, and without the fields that say what all models do. */
function ofTarball(checkpoint: string, config: JsonObject): JsonObject {
  const { attention_dilation: dilation, autoregressive, attention_mode: mode, ...rest } = config;
  if (mode !== undefined && !MODES.includes(mode)) {
    throw unsupported(checkpoint, `attention_mode must be one of ${MODES.join(', ')}, got ${show(mode)}`);
  }
  const isPlain = [dilation].flat(2).every((step) => step === undefined || step === 1);
  return {
    ...rest,
    ...(!isPlain && { attention_dilation: dilation }),
    ...(autoregressive !== undefined && autoregressive !== false && { autoregressive }),
    attention_window: bothSides(rest.attention_window),
  };
}

/** Ways in which the original computes a sliding window. Its others let other keys in. */
const MODES: readonly unknown[] = ['sliding_chunks', 'tvm', 'longformer'];

/** Fields of variants of BART that LED does not have. */
const VARIANTS = [
  'add_final_layer_norm',
  'normalize_before',
  'scale_embedding',
  'static_position_embeddings',
];

function refuseVariants(checkpoint: string, config: JsonObject): void {
  const variant = VARIANTS.find((field) => ![undefined, null, false].some((off) => config[field] === off));
  if (variant === undefined) return;
  throw unsupported(checkpoint, `${variant} of an LED must be false, got ${show(config[variant])}`);
}

/** The field `architectures` with other beginnings or ends of names; nothing where it is absent. */
export function renamedClasses(config: JsonObject, from: RegExp, to: string): JsonObject {
  const classes = fieldOf(config, 'architectures');
  if (!Array.isArray(classes)) return {};
  return { architectures: classes.map((own) => (typeof own === 'string' ? own.replace(from, to) : own)) };
}

/** Windows in keys of both sides, of windows in keys of one. */
function bothSides(window: unknown): number | readonly number[] {
  if (typeof window === 'number') return 2 * window;
  if (Array.isArray(window) && window.every((width) => typeof width === 'number')) {
    return window.map((width) => 2 * width);
  }
  const message = `attention_window must be a number or a list of numbers, got ${show(window)}`;
  throw new AttnError('MALFORMED_FILE', WHERE, message);
}

function unsupported(checkpoint: string, message: string): AttnError {
  return new AttnError('UNSUPPORTED', WHERE, `config.json of ${checkpoint}: ${message}`);
}
