/**
 * Makes an LED from a BART, by the recipe of the Longformer paper (Beltagy et al. 2020, §7,
 * https://arxiv.org/abs/2004.05150): the encoder's position embeddings are copied again and again until the
 * longer table is full, and the projections of global tokens begin as copies of the local ones. The decoder
 * stays as it is.
 */
import { AttnError, type JsonObject } from '@attn/core';
import { anything, checkArgument, checkOptions, integer, show, type OptionKinds } from '@attn/core/backend';
import { aCheckpoint } from '../argument-kinds.ts';
import { readBartConfig } from '../bart/config.ts';
import { canonicalCheckpoint } from '../checkpoint/canonical.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { fieldOf } from '../checkpoint/config-field.ts';
import { refuseForeignCode } from '../checkpoint/foreign-code.ts';
import { renamedClasses } from '../checkpoint/original-layouts.ts';
import { remadeCheckpoint, type Origin } from '../checkpoint/remade.ts';
import type { IntegerList } from '../inputs/entries.ts';
import { repeatedPositions, windowsOf } from '../longformer/lengthen.ts';

/** Options of `toLed`. */
export interface ToLedOptions {
  /** Width of the window, both sides together, of each of the encoder's layers or of all. Default 1,024. */
  readonly window?: number | IntegerList;
  /** Tokens of the longest text. Default 16,384. */
  readonly maxPositions?: number;
}

const WHERE = 'models/to-led';

const KINDS: OptionKinds<ToLedOptions> = { window: anything, maxPositions: integer(1, 2 ** 24) };

/** The names of an attention's layers in LED's encoder, by those in BART's. */
const PROJECTIONS: Readonly<Record<string, string>> = { q_proj: 'query', k_proj: 'key', v_proj: 'value' };

/**
 * The LED of a BART checkpoint with its head, as a checkpoint in Hugging Face's format: load it with
 * `ledFamily.load`, or write it with `writeCheckpoint` and use it anywhere. Tensors are read when they are
 * asked for; keep the original open until then. Disposing one of the two disposes both.
 *
 * Errors: `UNSUPPORTED` (a model of another kind, words that are scaled), `INVALID_ARGUMENT` (options),
 * `MALFORMED_FILE`.
 *
 * @example
 * await using checkpoint = await openCheckpoint(folderStore('bart-base'));
 * const model = await ledFamily.load(toLed(checkpoint, { window: 1024 }));
 */
export function toLed(bart: Checkpoint, options: ToLedOptions = {}): Checkpoint {
  checkArgument(WHERE, 'checkpoint', bart, aCheckpoint);
  const checkpoint = canonicalCheckpoint(bart);
  refuseForeignCode(checkpoint);
  const { maxPositions = 16_384, window = 1_024 } = checkOptions(WHERE, options, KINDS);
  const type = fieldOf(checkpoint.config, 'model_type');
  if (type !== 'bart') throw unsupported(`the model_type must be bart, got ${show(type)}`);
  const { encoder, decoder } = readBartConfig(checkpoint.config);
  if (encoder.wordScale !== 1) throw unsupported('scale_embedding must be false, got true');
  const windows = windowsOf(WHERE, window, encoder.layers);
  const { offset: reserved } = encoder.positions;
  const positions = (rows: number): Origin['change'] =>
    repeatedPositions(WHERE, { rows, first: 0, reserved });

  const origins = new Map<string, Origin>();
  for (const name of checkpoint.names) {
    const side = /(en|de)coder\.embed_positions\.weight$/.exec(name)?.[1];
    const rows = side === 'en' ? maxPositions : decoder.positions.count;
    for (const target of ledNames(name))
      origins.set(target, { name, change: side === undefined ? undefined : positions(rows) });
  }
  const config = ledConfig(checkpoint.config, {
    attention_window: windows,
    max_encoder_position_embeddings: maxPositions,
    max_decoder_position_embeddings: decoder.positions.count,
  });
  return remadeCheckpoint(checkpoint, { where: WHERE, what: 'the LED', config, origins });
}

/** The names that a tensor of BART has in LED: two for what global tokens have of their own. */
function ledNames(name: string): readonly string[] {
  const own = name.replace(/^model\./, 'led.');
  const parts = /^((?:led\.)?encoder\.layers\.\d+\.self_attn\.)(\w+)\.(weight|bias)$/.exec(own);
  if (parts === null) return [own];
  const [, attention, layer, kind] = parts;
  if (layer === 'out_proj') return [`${attention}output.${kind}`];
  const projection = PROJECTIONS[layer];
  return ['', '_global'].map((end) => `${attention}longformer_self_attn.${projection}${end}.${kind}`);
}

/** The config of the LED. Fields that only BART has stay as they are. */
function ledConfig(config: JsonObject, changes: JsonObject): JsonObject {
  const { max_position_embeddings: _, ...rest } = config;
  return { ...rest, ...renamedClasses(config, /^Bart/, 'LED'), model_type: 'led', ...changes };
}

function unsupported(message: string): AttnError {
  return new AttnError('UNSUPPORTED', WHERE, message);
}
