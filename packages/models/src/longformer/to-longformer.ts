/**
 * Makes a long model from a short one, by the recipe of the Longformer paper (Beltagy et al. 2020, §5,
 * https://arxiv.org/abs/2004.05150): position embeddings are copied again and again until the longer
 * table is full, and the projections of global tokens begin as copies of the local ones. Without any
 * training the result already encodes what the short model could; trained a little, it does better.
 */
import { AttnError, type JsonObject } from '@attn/core';
import { anything, checkArgument, checkOptions, integer, show, type OptionKinds } from '@attn/core/backend';
import { aCheckpoint } from '../argument-kinds.ts';
import { canonicalCheckpoint } from '../checkpoint/canonical.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { refuseForeignCode } from '../checkpoint/foreign-code.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { remadeCheckpoint, type Origin } from '../checkpoint/remade.ts';
import type { IntegerList } from '../inputs/entries.ts';
import { repeatedPositions, windowsOf } from './lengthen.ts';
import { longformerName, shortArchitecture, SHORT_MODELS, type ShortModel } from './short-models.ts';

/** Options of `toLongformer`. */
export interface ToLongformerOptions {
  /** Width of the window, both sides together, of each layer or of all. Even. Default 512. */
  readonly window?: number | IntegerList;
  /** Tokens of the longest text. Default 4,096. */
  readonly maxPositions?: number;
  /** Id of the separator, where config.json does not say it. Default: RoBERTa's 2, BERT's 102. */
  readonly sepTokenId?: number;
}

const WHERE = 'models/to-longformer';

const KINDS: OptionKinds<ToLongformerOptions> = {
  window: anything,
  maxPositions: integer(1, 2 ** 24),
  sepTokenId: integer(0),
};

/**
 * The Longformer of a BERT or RoBERTa checkpoint with its head, as a checkpoint in Hugging Face's format:
 * load it with `longformerFamily.load`, or write it with `writeCheckpoint` and use it anywhere. Tensors are
 * read when they are asked for; keep the original open until then. Disposing one of the two disposes both.
 *
 * Errors: `UNSUPPORTED` (a model of another kind, relative positions),
 * `INVALID_ARGUMENT` (options), `MALFORMED_FILE`.
 *
 * @example
 * await using checkpoint = await openCheckpoint(folderStore('roberta-base'));
 * const model = await longformerFamily.load(toLongformer(checkpoint, { window: 512 }));
 */
export function toLongformer(short: Checkpoint, options: ToLongformerOptions = {}): Checkpoint {
  checkArgument(WHERE, 'checkpoint', short, aCheckpoint);
  const checkpoint = canonicalCheckpoint(short);
  refuseForeignCode(checkpoint);
  const { maxPositions = 4_096, window = 512, sepTokenId } = checkOptions(WHERE, options, KINDS);
  const reader = new ConfigReader(checkpoint.config);
  const model = shortModel(checkpoint.config);
  const padTokenId = reader.integer('pad_token_id', { byDefault: model.padTokenId });
  const layers = reader.integer('num_hidden_layers', { least: 1 });
  const embedding = reader.field('position_embedding_type') ?? 'absolute';
  if (embedding !== 'absolute') throw unsupported(`positions must be absolute, got ${show(embedding)}`);

  // Rows up to the pad token's are reserved; text begins after them.
  const first = padTokenId + 1;
  const rows = first + maxPositions;
  const longer = repeatedPositions(WHERE, { rows, first, reserved: model.reservedRows(padTokenId) });
  const origins = new Map<string, Origin>();
  const architecture = shortArchitecture(checkpoint.config, model);
  for (const name of checkpoint.names) {
    const target = longformerName(name, model, architecture);
    if (target === undefined) continue;
    const isPositions = target.endsWith('embeddings.position_embeddings.weight');
    origins.set(target, { name, change: isPositions ? longer : undefined });
    const projection = /^(.*\.attention\.self\.(?:query|key|value))\.(weight|bias)$/.exec(target);
    if (projection) origins.set(`${projection[1]}_global.${projection[2]}`, { name });
  }
  const config = longConfig(checkpoint.config, {
    architectures: [architecture],
    attention_window: windowsOf(WHERE, window, layers),
    max_position_embeddings: rows,
    pad_token_id: padTokenId,
    sep_token_id: sepTokenId ?? reader.integer('sep_token_id', { byDefault: model.sepTokenId }),
  });
  return remadeCheckpoint(checkpoint, { where: WHERE, what: 'the Longformer', config, origins });
}

function shortModel({ model_type: type }: JsonObject): ShortModel {
  const model = SHORT_MODELS.find(({ types }) => types.some((candidate) => candidate === type));
  if (model !== undefined) return model;
  const types = SHORT_MODELS.flatMap(({ types }) => types).join(', ');
  throw unsupported(`the model_type must be one of ${types}, got ${show(type)}`);
}

/** The config of the long model. Fields that only the short model has stay as they are. */
function longConfig(config: JsonObject, changes: JsonObject): JsonObject {
  return { layer_norm_eps: 1e-12, ...config, model_type: 'longformer', ...changes };
}

function unsupported(message: string): AttnError {
  return new AttnError('UNSUPPORTED', WHERE, message);
}
