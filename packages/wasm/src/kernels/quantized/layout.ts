/**
 * How a quantised weight [columns × depth] lies in the heap. A panel of 8 columns has its codes, its scales
 * and its zero points, all in the order in which products read them:
 *
 * - codes: for each pair of depths the codes of the 8 columns, of 8 bits minus 128 and so signed, of 4 bits
 *   two in a byte; of halves those of the first depth before those of the second;
 * - scales: for each block one f32 for each column; of halves none;
 * - zero points: for each block one for each column, of 8 bits minus 128, of 4 bits those of columns c and
 *   c + 4 in byte c.
 *
 * A block of an odd length has one code more, because pairs do not reach over blocks.
 */
import type { CodeFormat } from '@attn/core';
import { blocksOf } from '@attn/core/backend';
import { PANEL } from '../register-tile.ts';

/** What a quantised weight consists of. */
export interface WeightFormat extends CodeFormat {
  readonly hasZeros: boolean;
}

/** Where the parts of a panel are, and how large they are. */
export interface PanelLayout {
  readonly blocks: number;
  /** Length of a block in pairs of depths. */
  readonly blockPairs: number;
  /** Bytes of the codes of a pair of depths. */
  readonly pairBytes: number;
  /** Bytes of the scales of a block; 0 where there are none. */
  readonly scaleBytes: number;
  /** Bytes of the zero points of a block; 0 where there are none. */
  readonly zeroBytes: number;
  /** From the start of a panel to its scales. */
  readonly scalesAt: number;
  /** From the start of a panel to its zero points. */
  readonly zerosAt: number;
  /** Bytes of a panel, a multiple of 16. */
  readonly bytes: number;
}

/** The layout of the panels of a weight. */
export function panelLayout(depth: number, { bits, block, hasZeros }: WeightFormat): PanelLayout {
  const blocks = blocksOf(depth, block);
  const blockPairs = Math.ceil(block / 2);
  const pairBytes = 2 * bits;
  const scaleBytes = bits === 16 ? 0 : 4 * PANEL;
  const zeroBytes = hasZeros ? bits : 0;
  const scalesAt = 16 * Math.ceil((blocks * blockPairs * pairBytes) / 16);
  const zerosAt = scalesAt + blocks * scaleBytes;
  const bytes = 16 * Math.ceil((zerosAt + blocks * zeroBytes) / 16);
  return { blocks, blockPairs, pairBytes, scaleBytes, zeroBytes, scalesAt, zerosAt, bytes };
}

/** Bytes of a packed weight. */
export function packedCodesBytes(columns: number, { bytes }: PanelLayout): number {
  return Math.ceil(columns / PANEL) * bytes;
}

/**
 * A piece of the depth, which products take in one go: some whole blocks, or a part of one. It consists of
 * runs, each of which has one scale for each column.
 */
export const PIECE = {
  /** The first of the piece's inputs in a row of x, and how many there are. */
  from: 0,
  size: 4,
  /** Runs, and pairs of depths in a run. */
  runs: 8,
  pairs: 12,
  /** From the start of a panel to the first codes, scales and zero points. */
  codes: 16,
  scales: 20,
  zeros: 24,
  /** Inputs of a run: one less than codes where a block is odd. */
  inputs: 28,
} as const;

/** Bytes of a `PIECE`. */
export const PIECE_BYTES = 32;

/** Cuts the depth into pieces of at most `most` codes, an even number. */
export function piecesOf(
  depth: number,
  { block }: WeightFormat,
  layout: PanelLayout,
  most: number,
): Record<keyof typeof PIECE, number>[] {
  const { blocks, blockPairs, pairBytes, scaleBytes, zeroBytes, scalesAt, zerosAt } = layout;
  const pieces: Record<keyof typeof PIECE, number>[] = [];
  const add = (index: number, pairsBefore: number, runs: number, pairs: number): void => {
    const from = index * block + 2 * pairsBefore;
    const inputs = Math.min(block - 2 * pairsBefore, 2 * pairs);
    pieces.push({
      from,
      size: Math.min(runs * inputs, depth - from),
      runs,
      pairs,
      codes: (index * blockPairs + pairsBefore) * pairBytes,
      scales: scalesAt + index * scaleBytes,
      zeros: zerosAt + index * zeroBytes,
      inputs,
    });
  };
  const together = Math.floor(most / (2 * blockPairs));
  if (together > 0) {
    for (let index = 0; index < blocks; index += together) {
      add(index, 0, Math.min(together, blocks - index), blockPairs);
    }
    return pieces;
  }
  for (let index = 0; index < blocks; index++) {
    const present = Math.ceil(Math.min(block, depth - index * block) / 2);
    for (let pair = 0; pair < present; pair += most / 2) {
      add(index, pair, 1, Math.min(most / 2, present - pair));
    }
  }
  return pieces;
}
