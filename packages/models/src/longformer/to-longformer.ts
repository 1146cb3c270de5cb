/**
 * Makes a long model from a short one, by the recipe of the Longformer paper (Beltagy et al. 2020, §5,
 * https://arxiv.org/abs/2004.05150): position embeddings are copied again and again until the longer
 * table is full, and the projections of global tokens begin as copies of the local ones. Without any
 * training the result already encodes what the short model could; trained a little, it does better.
 */
import { AttnError, type JsonObject, type Tensor } from '@attn/core';
import {
  allocate,
  anything,
  checkArgument,
  checkOptions,
  integer,
  show,
  type OptionKinds,
} from '@attn/core/backend';
import { aCheckpoint } from '../argument-kinds.ts';
import { canonicalCheckpoint } from '../checkpoint/canonical.ts';
import type { Checkpoint, StoredSpec } from '../checkpoint/checkpoint.ts';
import { refuseForeignCode } from '../checkpoint/foreign-code.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import type { IntegerList } from '../inputs/entries.ts';
import { readIntegerList, toInteger } from '../inputs/integers.ts';
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

/** The tensor of the short checkpoint from which a tensor of the long one comes. */
interface Origin {
  readonly name: string;
  /** True for position embeddings, whose rows are repeated. */
  readonly isPositions: boolean;
}

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

  const origins = new Map<string, Origin>();
  const architecture = shortArchitecture(checkpoint.config, model);
  for (const name of checkpoint.names) {
    const target = longformerName(name, model, architecture);
    if (target === undefined) continue;
    const isPositions = target.endsWith('embeddings.position_embeddings.weight');
    origins.set(target, { name, isPositions });
    const projection = /^(.*\.attention\.self\.(?:query|key|value))\.(weight|bias)$/.exec(target);
    if (projection) origins.set(`${projection[1]}_global.${projection[2]}`, { name, isPositions: false });
  }
  const find = (name: string): Origin => {
    const origin = origins.get(name);
    if (origin !== undefined) return origin;
    throw new AttnError(
      'MISSING_INPUT',
      WHERE,
      `the Longformer of ${checkpoint.name} has no tensor ${show(name)}`,
    );
  };
  // Rows up to the pad token's are reserved; text begins after them.
  const first = padTokenId + 1;
  const rows = first + maxPositions;
  return {
    name: `the Longformer of ${checkpoint.name}`,
    config: longConfig(checkpoint.config, {
      architectures: [architecture],
      attention_window: windowsOf(window, layers),
      max_position_embeddings: rows,
      pad_token_id: padTokenId,
      sep_token_id: sepTokenId ?? reader.integer('sep_token_id', { byDefault: model.sepTokenId }),
    }),
    names: [...origins.keys()],
    has: (name) => origins.has(name),
    spec: (name) => {
      const { name: from, isPositions } = find(name);
      const spec = checkpoint.spec(from);
      return isPositions ? longSpec(spec, rows) : spec;
    },
    tensor: async (name) => {
      const { name: from, isPositions } = find(name);
      const tensor = await checkpoint.tensor(from);
      return isPositions ? repeatPositions(tensor, first, rows, model.reservedRows(padTokenId)) : tensor;
    },
    lazyTensor: (name) => {
      const { name: from, isPositions } = find(name);
      return isPositions ? undefined : checkpoint.lazyTensor?.(from);
    },
    lazyBytes: (name) => {
      const { name: from, isPositions } = find(name);
      return isPositions ? undefined : checkpoint.lazyBytes?.(from);
    },
    readAhead: (names) => checkpoint.readAhead?.(names.map((name) => find(name).name)) ?? (() => {}),
    dispose: () => checkpoint.dispose(),
    [Symbol.asyncDispose]: () => checkpoint.dispose(),
  };
}

function shortModel({ model_type: type }: JsonObject): ShortModel {
  const model = SHORT_MODELS.find(({ types }) => types.some((candidate) => candidate === type));
  if (model !== undefined) return model;
  const types = SHORT_MODELS.flatMap(({ types }) => types).join(', ');
  throw unsupported(`the model_type must be one of ${types}, got ${show(type)}`);
}

function windowsOf(window: number | IntegerList, layers: number): readonly number[] {
  const single = toInteger(window);
  const isList = typeof window === 'object' && window !== null;
  const windows =
    single !== undefined
      ? new Array<number>(layers).fill(single)
      : isList
        ? readIntegerList({ where: WHERE, name: 'window' }, window)
        : [];
  const fits = windows.length === layers && windows.every((width) => width >= 2 && width % 2 === 0);
  if (fits) return windows;
  throw invalid(`window must be an even number ≥ 2, or ${layers} of them, one a layer, got ${show(window)}`);
}

/** The config of the long model. Fields that only the short model has stay as they are. */
function longConfig(config: JsonObject, changes: JsonObject): JsonObject {
  return { layer_norm_eps: 1e-12, ...config, model_type: 'longformer', ...changes };
}

function longSpec(spec: StoredSpec, rows: number): StoredSpec {
  const [short, width] = spec.shape;
  return { ...spec, shape: [rows, width], byteLength: (spec.byteLength / Math.max(short, 1)) * rows };
}

/**
 * The long table of positions. Rows [first, rows) repeat the text rows of the short table;
 * earlier rows are copied, or are the first text row where the short table has no reserved rows.
 */
function repeatPositions(short: Tensor, first: number, rows: number, reserved: number): Tensor {
  const [count, width] = short.shape;
  const step = count - reserved;
  if (step < 1) throw invalid(`a table of positions must have more than ${reserved} rows, got ${count}`);
  const { dtype, data } = short;
  if (dtype !== 'f32' && dtype !== 'f16') throw invalid(`positions must be f32 or f16, got ${dtype}`);
  const long = allocate(dtype, rows * width);
  for (let row = 0; row < rows; row++) {
    const from = row < first ? Math.min(row, reserved) : reserved + ((row - first) % step);
    long.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return { dtype, shape: [rows, width], data: long };
}

function unsupported(message: string): AttnError {
  return new AttnError('UNSUPPORTED', WHERE, message);
}

function invalid(message: string): AttnError {
  return new AttnError('INVALID_ARGUMENT', WHERE, message);
}
