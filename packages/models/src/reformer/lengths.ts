/** How long a row may be, and to what length the original pads it. */
import type { ReformerConfig } from './config.ts';
import { positionCount } from './positions.ts';

/** Lengths that follow from the chunks of all layers. */
export interface ChunkLengths {
  /** Rows up to this length are one chunk in some layer: the original does not pad them. */
  readonly shortest: number;
  /** Longer rows are padded to a multiple of this, the least common multiple of all chunks. */
  readonly multiple: number;
}

/** The lengths that follow from the chunks of a model. */
export function chunkLengths({ layers, local, lsh }: ReformerConfig): ChunkLengths {
  const used = [...new Set(layers)].map((kind) => (kind === 'local' ? local : lsh).chunkLength);
  return {
    shortest: Math.min(...used),
    multiple: used.reduce((a, b) => (a / greatestCommonDivisor(a, b)) * b),
  };
}

/** The length, with padding, at which a row of this many tokens is computed. */
export function paddedLength(config: ReformerConfig, length: number): number {
  const { shortest, multiple } = chunkLengths(config);
  return length <= shortest ? length : Math.ceil(length / multiple) * multiple;
}

/** Tokens of the longest row, so that it and its padding have positions. */
export function maxLengthOf(config: ReformerConfig): number {
  const { shortest, multiple } = chunkLengths(config);
  const positions = positionCount(config.positions);
  return Math.max(Math.floor(positions / multiple) * multiple, Math.min(positions, shortest));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
