/**
 * Reads and checks a config.json of lucidrains' Linformer, whose
 * fields are the arguments of the original's constructor.
 */
import { checkArchitecture, LAYER_COUNT, readWidth } from '../../checkpoint/common-fields.ts';
import type { ConfigReader } from '../../checkpoint/config-reader.ts';
import { WHERE, type CommonConfig } from '../common-config.ts';

/** Classes of lucidrains. */
const ARCHITECTURES = ['Linformer', 'LinformerLM'] as const;

/** A class of lucidrains' `linformer`. */
export type LucidrainsArchitecture = (typeof ARCHITECTURES)[number];

/** A Linformer of lucidrains: normalises before each part, projects keys and values. */
export interface LucidrainsConfig extends CommonConfig {
  readonly origin: 'lucidrains';
  readonly architecture: LucidrainsArchitecture;
  /** Undefined in a model without word embeddings, whose input is rows of vectors. */
  readonly vocabSize: number | undefined;
  /** D. */
  readonly headDim: number;
  /** 1, or as many as there are heads. */
  readonly keyHeads: number;
  /** Values are the keys, and F is E. */
  readonly sharedKeyValue: boolean;
  /** Two streams that take turns, as in a Reformer. */
  readonly reversible: boolean;
}

/**
 * Reads the fields of a config.json; `architecture` is the class to load as. Errors: `MALFORMED_FILE`,
 * `UNSUPPORTED`.
 */
export function readLucidrainsConfig(reader: ConfigReader, name = 'Linformer'): LucidrainsConfig {
  const heads = reader.integer('heads', { least: 1, byDefault: 8 });
  const width = readWidth(reader, 'dim', 'heads', heads);
  const vocabSize =
    reader.field('num_tokens') === undefined ? undefined : reader.integer('num_tokens', { least: 1 });
  const architecture = checkArchitecture(WHERE, name, ARCHITECTURES);
  if (architecture === 'LinformerLM' && vocabSize === undefined) {
    throw reader.wrong('num_tokens', 'an integer ≥ 1 in a LinformerLM', undefined);
  }
  return {
    origin: 'lucidrains',
    architecture,
    vocabSize,
    width,
    layers: reader.integer('depth', LAYER_COUNT),
    heads,
    headDim: reader.integer('dim_head', { least: 1, byDefault: width / heads }),
    keyHeads: reader.flag('one_kv_head', false) ? 1 : heads,
    maxLength: reader.integer('seq_len', { least: 1 }),
    projectedLength: reader.integer('k', { least: 1, byDefault: 256 }),
    sharedKeyValue: reader.flag('share_kv', false),
    reversible: reader.flag('reversible', false),
    padTokenId: reader.integer('pad_token_id', { byDefault: 0 }),
  };
}
