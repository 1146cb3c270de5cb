/** How long a row may be and to what length the original pads it. */
import type { ReformerConfig } from './config.ts';
import { positionCount } from './positions.ts';

/** Lengths that follow from the chunks of the kinds of layers that there are. */
export interface ChunkLengths {
  /** Rows up to this length are one chunk in some layer: the original leaves them as they are. */
  readonly shortest: number;
  /** Longer rows are padded to a multiple of this, the least common multiple. */
  readonly multiple: number;
}

/** See `ChunkLengths`. */
export function chunkLengths({ layers, local, lsh }: ReformerConfig): ChunkLengths {
  const used = [...new Set(layers)].map((kind) => (kind === 'local' ? local : lsh).chunkLength);
  return {
    shortest: Math.min(...used),
    multiple: used.reduce((a, b) => (a / greatestCommonDivisor(a, b)) * b),
  };
}

/** The length that a row of this many tokens is computed at. */
export function paddedLength(config: ReformerConfig, length: number): number {
  const { shortest, multiple } = chunkLengths(config);
  return length <= shortest ? length : Math.ceil(length / multiple) * multiple;
}

/** The longest row: there are positions for it and for its padding. */
export function maxLengthOf(config: ReformerConfig): number {
  const { shortest, multiple } = chunkLengths(config);
  const positions = positionCount(config.positions);
  return Math.max(Math.floor(positions / multiple) * multiple, Math.min(positions, shortest));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
