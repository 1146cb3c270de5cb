/**
 * One step of attention: the queries of a row block against one tile of 64 packed keys and values.
 *
 *     scores [64 × 64]  = queries [64 × D] · keysᵀ
 *     the caller changes logits, and the online softmax turns them into weights, in place
 *     sums   [64 × Dv]  = factors · sums + weights [64 × 64] · values [64 × Dv]
 *
 * The caller decides which pairs are visible: it hides logits, and may say which columns a group
 * of rows sees.
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
import { PANEL, PANEL_BYTES, product, type VectorPlace } from '../register-tile.ts';
import { paddedDim, type ScratchLayout } from './layout.ts';
import { defineListVisible, defineVisibleValues } from './mask.ts';
import { defineSoftmax, SCORE_STRIDE } from './softmax.ts';

/** The parts of a row block's scratch memory, as variables that hold their addresses. */
export type RowBlockParts = Readonly<Record<Exclude<keyof ScratchLayout, 'bytes'>, Local<'i32'>>>;

/** A tile, for a row block. */
export interface TileStep {
  readonly rows: Local<'i32'>;
  /** Number of columns, 1 … 64. */
  readonly present: Local<'i32'>;
  /** `present`, rounded up to a multiple of `SCORE_STEP`. */
  readonly columns: Local<'i32'>;
  /** Addresses of packed keys and values. */
  readonly keys: I32;
  readonly values: Local<'i32'>;
  /** Whether all values are finite. */
  readonly finite: Local<'i32'>;
  /** Whether groups of rows may see only some columns of the tile. */
  readonly isMasked: Local<'i32'>;
  /** Emits code that writes the columns that each group sees to `ranges`. */
  readonly findRanges: () => void;
  /** Emits all changes of logits before the softmax, which also hide the columns outside of `ranges`. */
  readonly changeLogits: () => void;
}

/** Emits a step of a row block. */
export type EmitTileStep = (f: FunctionBuilder, at: RowBlockParts, step: TileStep) => void;

/** Defines the functions of a step, and returns a function that emits a step. */
export function defineTileStep(
  module: ModuleBuilder,
  { simd, headDim, valueDim }: { readonly simd: Simd; readonly headDim: number; readonly valueDim: number },
): EmitTileStep {
  const padded = paddedDim(valueDim);
  const scores = defineScores(module, { simd, headDim, isMasked: false });
  const maskedScores = defineScores(module, { simd, headDim, isMasked: true });
  const softmax = defineSoftmax(module, simd);
  const values = defineValues(module, { simd, padded, isMasked: false });
  const maskedValues = defineValues(module, { simd, padded, isMasked: true });
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

/** Declares the parts of the scratch memory as variables. */
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
    next: part('next'),
  };
}

const SCORES = {
  queries: 'i32',
  keys: 'i32',
  scores: 'i32',
  rows: 'i32',
  panels: 'i32',
  /** Address of the columns that each group of rows sees; only for masked tiles. */
  ranges: 'i32',
} as const;

/**
 * Defines scores = queries · keysᵀ. In a masked tile it computes only panels that a group of rows sees; other
 * scores are undefined.
 */
function defineScores(
  module: ModuleBuilder,
  { simd, headDim, isMasked }: { readonly simd: Simd; readonly headDim: number; readonly isMasked: boolean },
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
  /** Address of the columns that each group of rows sees; only for masked tiles. */
  ranges: 'i32',
} as const;

/**
 * Defines sums = factors · sums + weights · values. In a masked tile it uses only columns that a group of
 * rows sees, because the others weigh 0.
 */
function defineValues(
  module: ModuleBuilder,
  { simd, padded, isMasked }: { readonly simd: Simd; readonly padded: number; readonly isMasked: boolean },
): FunctionHandle<typeof VALUES> {
  const name = isMasked ? 'maskedValues' : 'values';
  return module.define(name, VALUES, (f, { weights, values, sums, factors, rows, depth, ranges }) => {
    const initial = ({ address, offset, first, row }: VectorPlace): V128 =>
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
