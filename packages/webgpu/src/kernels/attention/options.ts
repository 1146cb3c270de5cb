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
  /** What q, k and v are stored as, and how `out` is, which is f32 where it is a part of the result. */
  readonly input: FloatElement;
  readonly output: FloatStorage;
  /** What biases are stored as; undefined where there are none. */
  readonly alibi: FloatElement | undefined;
  readonly relative: FloatElement | undefined;
  readonly bias: FloatElement | undefined;
  readonly hasLse: boolean;
}

/** Keys of a tile, which is the plan's. */
export const TILE_KEYS = 64;

/** Columns of q and k that are in shared memory at a time, as vectors of 4. */
export const DEPTH = 4;

/** One more, so that neighbours stand in different banks. */
export const PITCH: number = DEPTH + 1;

/** Vectors of 4 weights of a tile. */
export const weightVectors = (rows: number): number => rows * 16;

/** Rows of v that are in shared memory at a time. */
export const valueRows = (groups: number): number => (groups <= 2 ? 8 : 4);

/** Vectors of 4 columns of q and k, or of v, that are in shared memory. */
export const stageVectors = (rows: number, groups: number): number =>
  Math.max((rows + TILE_KEYS) * PITCH, valueRows(groups) * groups * 16);

/** Bytes of shared memory that a kernel takes. */
export function attentionWorkgroupBytes({ rows, groups }: Pick<AttentionOptions, 'rows' | 'groups'>): number {
  return 16 * (weightVectors(rows) + stageVectors(rows, groups)) + 64;
}

/** Says which variant it is. */
export function attentionName(options: AttentionOptions): string {
  const { wholeHeads, wholeValues, groups, rows, input, output, alibi, relative, bias, hasLse } = options;
  const parts = { ragged: !wholeHeads, raggedValues: !wholeValues, alibi, relative, bias, lse: hasLse };
  return [
    `attention ${groups} ${rows}`,
    ...Object.entries(parts)
      .filter(([, has]) => has)
      .map(([word, has]) => (typeof has === 'string' ? `${word}:${has}` : word)),
    input === output ? input : `${input} to ${output}`,
  ].join(' ');
}
