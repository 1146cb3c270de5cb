/**
 * One step of attention: the queries of a row block against one tile of 64 packed keys and values.
 *
 *     scores [64 × 64]  = queries [64 × D] · keysᵀ        then what the caller does to logits, and the online softmax, in place
 *     sums   [64 × Dv]  = factors · sums + weights [64 × 64] · values [64 × Dv]
 *
 * Who attends to whom is the caller's: it hides logits, and may say which columns each group of rows sees at all.
 */
import { TILE } from '@attn/core/backend';
import {
  f32x4,
  i32,
  v128,
  type FunctionBuilder,
  type FunctionHandle,
  type I32,
  type Local,
  type ModuleBuilder,
  type V128,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { PANEL, PANEL_BYTES, product, type Place } from '../register-tile.ts';
import { paddedDim, type ScratchLayout } from './layout.ts';
import { defineListVisible, defineVisibleValues } from './mask.ts';
import { defineSoftmax, SCORE_STRIDE } from './softmax.ts';

/** Addresses of a row block's parts of the scratch memory. */
export type RowBlockParts = Readonly<Record<Exclude<keyof ScratchLayout, 'bytes'>, Local<'i32'>>>;

/** One tile, for one row block. */
export interface TileStep {
  readonly rows: Local<'i32'>;
  /** Columns that are to be computed, 1 … 64, and the same as a multiple of `SCORE_STEP`. */
  readonly present: Local<'i32'>;
  readonly columns: Local<'i32'>;
  /** Packed keys and values, and whether all values are finite. */
  readonly keys: I32;
  readonly values: Local<'i32'>;
  readonly finite: Local<'i32'>;
  /** Whether groups of rows see parts of the tile only, and what writes those to `ranges`. */
  readonly isMasked: Local<'i32'>;
  readonly findRanges: () => void;
  /** Whatever is done to logits before the softmax; it hides what `ranges` left out. */
  readonly changeLogits: () => void;
}

/** Defines the functions that a step takes, and gives what emits one. */
export function defineTileStep(
  module: ModuleBuilder,
  { simd, headDim, valueDim }: { readonly simd: Simd; readonly headDim: number; readonly valueDim: number },
): (f: FunctionBuilder, at: RowBlockParts, step: TileStep) => void {
  const padded = paddedDim(valueDim);
  const scores = defineScores(module, simd, headDim, false);
  const maskedScores = defineScores(module, simd, headDim, true);
  const softmax = defineSoftmax(module, simd);
  const values = defineValues(module, simd, padded, false);
  const maskedValues = defineValues(module, simd, padded, true);
  const listVisible = defineListVisible(module);
  const visibleValues = defineVisibleValues(module, padded);

  return (f, at, { rows, present, columns, keys, values: tile, finite, isMasked, ...step }) => {
    const products = { queries: at.queries, keys, scores: at.scores, rows, panels: i32.shrU(columns, 3) };
    f.if(
      isMasked,
      () => {
        step.findRanges();
        f.call(maskedScores, { ...products, ranges: at.ranges });
      },
      () => f.call(scores, { ...products, ranges: 0 }),
    );
    step.changeLogits();

    const { maxima, totals, factors, origins, shifts, visible, sums } = at;
    f.if(i32.eqz(finite), () => f.call(listVisible, { scores: at.scores, rows, columns, visible }));
    f.call(softmax, { scores: at.scores, rows, columns, maxima, totals, factors, origins, shifts });
    const weighted = { weights: at.scores, values: tile, sums, factors, rows, depth: present };
    f.if(
      i32.eqz(finite),
      () => f.call(visibleValues, { scores: at.scores, rows, visible, values: tile, sums, factors }),
      () =>
        f.if(
          isMasked,
          () => f.call(maskedValues, { ...weighted, ranges: at.ranges }),
          () => f.call(values, { ...weighted, ranges: 0 }),
        ),
    );
  };
}

/** The parts of the scratch memory as variables. */
export function rowBlockParts(
  f: FunctionBuilder,
  scratch: Local<'i32'>,
  layout: ScratchLayout,
): RowBlockParts {
  const part = (name: keyof ScratchLayout): Local<'i32'> => f.let(name, i32.add(scratch, layout[name]));
  return {
    queries: part('queries'),
    scores: part('scores'),
    sums: part('sums'),
    maxima: part('maxima'),
    totals: part('totals'),
    factors: part('factors'),
    origins: part('origins'),
    shifts: part('shifts'),
    rows: part('rows'),
    ranges: part('ranges'),
    visible: part('visible'),
  };
}

const SCORES = {
  queries: 'i32',
  keys: 'i32',
  scores: 'i32',
  rows: 'i32',
  panels: 'i32',
  /** What `ranges` wrote; only for masked tiles. */
  ranges: 'i32',
} as const;

/** scores = queries · keysᵀ; of a masked tile only the panels that a group of rows sees, others hold anything. */
function defineScores(
  module: ModuleBuilder,
  simd: Simd,
  headDim: number,
  isMasked: boolean,
): FunctionHandle<typeof SCORES> {
  const name = isMasked ? 'maskedScores' : 'scores';
  return module.define(name, SCORES, (f, { queries, keys, scores, rows, panels, ranges }) => {
    const counts = (first: Local<'i32'>, panel: Local<'i32'>): I32 => {
      const range = f.let('range', i32.add(ranges, i32.shl(first, 3)));
      const column = i32.mul(panel, PANEL);
      return i32.and(i32.ltU(column, i32.load(range, 4)), i32.gtU(i32.add(column, PANEL), i32.load(range)));
    };
    const operands = {
      a: queries,
      aStride: 4 * headDim,
      b: keys,
      bStride: headDim * PANEL_BYTES,
      c: scores,
      cStride: SCORE_STRIDE,
      rows,
      depth: headDim,
      panels,
    };
    product(f, simd, operands, isMasked ? { counts } : {});
  });
}

const VALUES = {
  weights: 'i32',
  values: 'i32',
  sums: 'i32',
  factors: 'i32',
  rows: 'i32',
  depth: 'i32',
  /** As for scores. */
  ranges: 'i32',
} as const;

/** sums = factors · sums + weights · values; of a masked tile only the columns that a group of rows sees, others weigh 0. */
function defineValues(
  module: ModuleBuilder,
  simd: Simd,
  padded: number,
  isMasked: boolean,
): FunctionHandle<typeof VALUES> {
  const name = isMasked ? 'maskedValues' : 'values';
  return module.define(name, VALUES, (f, { weights, values, sums, factors, rows, depth, ranges }) => {
    const initial = ({ address, offset, first, row }: Place): V128 =>
      f32x4.mul(v128.load(address, offset), v128.load32Splat(i32.add(factors, i32.shl(first, 2)), 4 * row));
    const steps = (first: Local<'i32'>): { from: I32; count: I32 } => {
      const range = f.let('range', i32.add(ranges, i32.shl(first, 3)));
      const from = i32.load(range);
      return { from, count: i32.sub(i32.load(range, 4), from) };
    };
    const operands = {
      a: weights,
      aStride: SCORE_STRIDE,
      b: values,
      bStride: TILE * PANEL_BYTES,
      c: sums,
      cStride: 4 * padded,
      rows,
      depth,
      panels: padded / PANEL,
    };
    product(f, simd, operands, isMasked ? { initial, steps } : { initial });
  });
}
