/** The variants of the attention kernel, and the shared memory that each takes. */
import type { FloatElement, FloatStorage } from '../wgsl.ts';
import { scoreName, type ScoreOptions } from './score.wgsl.ts';

/** The features that a variant of the kernel has, and the shape of its tiles. */
export interface AttentionOptions {
  /** Whether heads and values are whole vectors of 4. */
  readonly wholeHeads: boolean;
  readonly wholeValues: boolean;
  /** Columns of values, in groups of 64. */
  readonly groups: number;
  /** Queries of a workgroup: 64, or fewer where shared memory is short; 16 compile fastest. */
  readonly rows: 64 | 32 | 16;
  /** Columns of q and k that are in shared memory at a time, in vectors of 4. */
  readonly depth: 4 | 8;
  /** Whether invocations of a row reduce by subgroup operations, which takes the feature `subgroups`. */
  readonly subgroups: boolean;
  /** The element type of q, k and v. Keys of LSH attention are f32. */
  readonly input: FloatElement;
  /** How `out` is stored; f32 where it is a part of the result. */
  readonly output: FloatStorage;
  /** The element type of each bias; undefined where the call has none. */
  readonly alibi: FloatElement | undefined;
  readonly relative: FloatElement | undefined;
  readonly bias: FloatElement | undefined;
  /** The score's expression, if the call has one. */
  readonly score?: ScoreOptions | undefined;
  /** What is written for each row beside `out`: its log-sum-exp, or the figures that parts are merged by. */
  readonly state: 'lse' | 'part' | undefined;
  /**
   * The options of LSH attention, whose tiles are chunks of tokens; undefined where a plan lists the tiles.
   */
  readonly chunks?: ChunkOptions;
}

/** The buffers that LSH attention has beside the order of the tokens. */
export interface ChunkOptions {
  /**
   * Whether chunk and bucket of every token in every round are bound, which `withinBuckets` takes, and any
   * rule for pairs that meet in several rounds.
   */
  readonly hasMeetings: boolean;
  readonly hasMask: boolean;
}

/** Keys of a tile, in plans too. */
export const TILE_KEYS = 64;

/** Rows of v that are added to the sums at a time. */
const LEAST_VALUE_ROWS = 4;

/** Vectors of 4 keys in a row of a tile, and invocations that share that row. */
const ROW_VECTORS = TILE_KEYS / 4;

type Sizes = Pick<AttentionOptions, 'rows' | 'groups' | 'depth'>;

/** Vectors of 4 weights of a tile. */
export function weightVectors({ rows }: Pick<Sizes, 'rows'>): number {
  return rows * ROW_VECTORS;
}

/**
 * Vectors of 4 columns of q and k, or of v, that are in shared memory: each row of q and k has one to spare,
 * and of v there are at least the rows that are added at a time.
 */
export function stageVectors({ rows, depth, groups }: Sizes): number {
  return Math.max((rows + TILE_KEYS) * (depth + 1), LEAST_VALUE_ROWS * ROW_VECTORS * groups);
}

/** Rows of v that are in shared memory at a time. */
export function valueRows(sizes: Sizes): number {
  const vectors = ROW_VECTORS * sizes.groups;
  return Math.min(TILE_KEYS, 2 ** Math.floor(Math.log2(stageVectors(sizes) / vectors)));
}

/** Bytes of shared memory that a kernel takes. */
export function attentionWorkgroupBytes({
  chunks,
  ...sizes
}: Pick<AttentionOptions, 'rows' | 'groups' | 'depth' | 'chunks'>): number {
  const tokens = chunks ? 4 * TILE_KEYS : 0;
  return 16 * (weightVectors(sizes) + stageVectors(sizes)) + tokens + 64;
}

/** The name of a variant, which lists its options. */
export function attentionName(options: AttentionOptions): string {
  const { wholeHeads, wholeValues, groups, rows, depth, subgroups, input, output } = options;
  const { alibi, relative, bias, score, state, chunks } = options;
  const features = {
    chunks,
    meetings: chunks?.hasMeetings,
    mask: chunks?.hasMask,
    subgroups,
    ragged: !wholeHeads,
    raggedValues: !wholeValues,
    alibi,
    relative,
    bias,
    score: score && scoreName(score),
    lse: state === 'lse',
    part: state === 'part',
  };
  return [
    `attention ${groups} ${rows} ${depth}`,
    ...Object.entries(features)
      .filter(([, value]) => value)
      .map(([feature, value]) => (typeof value === 'string' ? `${feature}:${value}` : feature)),
    input === output ? input : `${input} to ${output}`,
  ].join(' ');
}
