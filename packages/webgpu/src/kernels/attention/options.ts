/** What variants of the attention kernel there are, and what they take of shared memory. */
import type { FloatElement, FloatStorage } from '../wgsl.ts';

/** What a kernel is made for. */
export interface AttentionOptions {
  /** Whether heads and values are whole vectors of 4. */
  readonly wholeHeads: boolean;
  readonly wholeValues: boolean;
  /** Times 64 columns of values. */
  readonly groups: number;
  /** Queries of a workgroup: 64, or fewer where shared memory is short; 16 compile fastest. */
  readonly rows: 64 | 32 | 16;
  /** Columns of q and k that are in shared memory at a time, as vectors of 4. */
  readonly depth: 4 | 8;
  /** Whether invocations of a row reduce by subgroup operations, which takes the feature `subgroups`. */
  readonly subgroups: boolean;
  /** What q, k and v are stored as, and how `out` is, which is f32 where it is a part of the result. */
  readonly input: FloatElement;
  readonly output: FloatStorage;
  /** What biases are stored as; undefined where there are none. */
  readonly alibi: FloatElement | undefined;
  readonly relative: FloatElement | undefined;
  readonly bias: FloatElement | undefined;
  /** What is told of rows beside `out`: their log-sum-exp, or what parts are merged by. */
  readonly state: 'lse' | 'part' | undefined;
  /** Whether tiles are those of LSH attention, where keys are f32; those of a plan if undefined. */
  readonly chunks?: ChunkOptions;
}

/** What LSH attention is told of tokens beside their order. */
export interface ChunkOptions {
  /** Whether chunks and buckets of all rounds are known, for `withinBuckets` and what pairs count that meet several times. */
  readonly hasMeetings: boolean;
  readonly hasMask: boolean;
}

/** Keys of a tile, which is the plan's. */
export const TILE_KEYS = 64;

/** Rows that an invocation has, and as many keys: 4 × 4 logits. More would be fewer invocations, which wait for each other. */
export const QUERIES = 4;

/** Invocations that share a row: invocation `tx` of them has vector tx of a tile's keys, and vectors tx, tx + 16 … of the output. */
export const ACROSS: number = TILE_KEYS / 4;

type Sizes = Pick<AttentionOptions, 'rows' | 'groups' | 'depth'>;

/** Invocations of a workgroup. */
export function threadsOf({ rows }: Pick<Sizes, 'rows'>): number {
  return (rows / QUERIES) * ACROSS;
}

/** Vectors of 4 weights of a tile. */
export function weightVectors({ rows }: Pick<Sizes, 'rows'>): number {
  return (rows * TILE_KEYS) / 4;
}

/** Vectors from row to row of q and k in shared memory: one more than there are, so that neighbours stand in different banks. */
export function pitchOf({ depth }: Pick<Sizes, 'depth'>): number {
  return depth + 1;
}

/** Vectors of 4 columns of q and k, or of v, that are in shared memory. */
export function stageVectors({ rows, depth }: Pick<Sizes, 'rows' | 'depth'>): number {
  return (rows + TILE_KEYS) * pitchOf({ depth });
}

/** Vectors of a row of values. */
export function valuePitch({ groups }: Pick<Sizes, 'groups'>): number {
  return ACROSS * groups;
}

/** Rows of v that are in shared memory at a time. */
export function valueRows(sizes: Sizes): number {
  return Math.min(TILE_KEYS, 2 ** Math.floor(Math.log2(stageVectors(sizes) / valuePitch(sizes))));
}

/** Bytes of shared memory that a kernel takes. */
export function attentionWorkgroupBytes({
  chunks,
  ...sizes
}: Pick<AttentionOptions, 'rows' | 'depth' | 'chunks'>): number {
  const tokens = chunks ? 4 * TILE_KEYS : 0;
  return 16 * (weightVectors(sizes) + stageVectors(sizes)) + tokens + 64;
}

/** Says which variant it is. */
export function attentionName(options: AttentionOptions): string {
  const { wholeHeads, wholeValues, groups, rows, depth, subgroups, input, output } = options;
  const { alibi, relative, bias, state, chunks } = options;
  const ragged = { ragged: !wholeHeads, raggedValues: !wholeValues };
  const ofChunks = { chunks, meetings: chunks?.hasMeetings, mask: chunks?.hasMask };
  const parts = {
    ...ofChunks,
    subgroups,
    ...ragged,
    alibi,
    relative,
    bias,
    lse: state === 'lse',
    part: state === 'part',
  };
  return [
    `attention ${groups} ${rows} ${depth}`,
    ...Object.entries(parts)
      .filter(([, has]) => has)
      .map(([word, has]) => (typeof has === 'string' ? `${word}:${has}` : word)),
    input === output ? input : `${input} to ${output}`,
  ].join(' ');
}
