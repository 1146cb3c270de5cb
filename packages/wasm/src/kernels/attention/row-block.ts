/**
 * The attention kernel: one row block of one head, up to 64 queries against the tiles that the plan lists for them. Per tile
 *
 *     scores [64 × 64]  = queries [64 × D] · keysᵀ        then biases, mask and the online softmax, in place
 *     sums   [64 × Dv]  = factors · sums + weights [64 × 64] · values [64 × Dv]
 *
 * It knows nothing of patterns. Row blocks do not depend on each other: any thread may run any of them, with the same result.
 */
import { FULL, MASK_WORDS, TILE } from '@attn/core';
import {
  f32,
  f32x4,
  i32,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type FunctionHandle,
  type I32,
  type Local,
  type V128,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { PANEL, PANEL_BYTES, product, type Place } from '../register-tile.ts';
import { HEAD, paddedDim, PLAN, scratchLayout, TASK, type ScratchLayout } from './layout.ts';
import { defineLogits, type LogitTerms } from './logits.ts';
import { defineHide, defineListVisible, defineRanges, defineVisibleValues } from './mask.ts';
import { definePack } from './pack.ts';
import { defineSoftmax, SCORE_STEP, SCORE_STRIDE } from './softmax.ts';

/** What an attention module is specialised to. */
export interface AttentionModuleOptions {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly headDim: number;
  readonly valueDim: number;
  readonly terms: LogitTerms;
}

/** The module: exports `pack(task: PACK, scratch)` and `attend(task: TASK, scratch)`. */
export function attentionModule(options: AttentionModuleOptions): ModuleBuilder {
  const { simd, sharedMemory, headDim, valueDim, terms } = options;
  const module = new ModuleBuilder({ sharedMemory });
  const padded = paddedDim(valueDim);
  const layout = scratchLayout(headDim, valueDim);
  definePack(module, headDim, valueDim);
  const scores = defineScores(module, simd, headDim, false);
  const maskedScores = defineScores(module, simd, headDim, true);
  const logits = defineLogits(module, simd, terms);
  const hide = defineHide(module);
  const softmax = defineSoftmax(module, simd);
  const values = defineValues(module, simd, padded, false);
  const maskedValues = defineValues(module, simd, padded, true);
  const ranges = defineRanges(module, simd);
  const listVisible = defineListVisible(module);
  const visibleValues = defineVisibleValues(module, padded);

  const attend = module.define('attend', { task: 'i32', scratch: 'i32' }, (f, { task, scratch }) => {
    const part = (name: keyof ScratchLayout): Local<'i32'> => f.let(name, i32.add(scratch, layout[name]));
    const head = f.let('head', i32.load(task, TASK.head));
    const plan = f.let('plan', i32.load(head, HEAD.plan));
    const rowBlock = f.let('row_block', i32.load(task, TASK.rowBlock));
    const first = f.let('first', i32.mul(rowBlock, TILE));
    const rows = f.let('rows', minimum(i32.sub(i32.load(plan, PLAN.queryCount), first), TILE));
    const at = {
      queries: part('queries'),
      scores: part('scores'),
      sums: part('sums'),
      maxima: part('maxima'),
      totals: part('totals'),
      factors: part('factors'),
      shifts: part('shifts'),
      rows: part('rows'),
      ranges: part('ranges'),
      visible: part('visible'),
    };
    listRows(f, plan, first, rows, at.rows);
    gatherQueries(f, head, rows, at.rows, at.queries, headDim);
    fill(f, at.sums, 4 * TILE * padded, 0);
    fill(f, at.maxima, 4 * TILE, -Infinity);
    fill(f, at.totals, 4 * TILE, 0);
    fill(f, at.shifts, 4 * TILE, 0);

    const addTile = (column: Local<'i32'>, mask: Local<'i32'>): void => {
      const keysLeft = i32.sub(i32.load(plan, PLAN.keyCount), i32.mul(column, TILE));
      const present = f.let('present', minimum(keysLeft, TILE));
      const columns = f.let('columns', i32.and(i32.add(present, SCORE_STEP - 1), -SCORE_STEP));
      const keys = i32.add(i32.load(head, HEAD.keys), i32.mul(column, 4 * TILE * headDim));
      const tile = f.let('values', i32.add(i32.load(head, HEAD.values), i32.mul(column, 4 * TILE * padded)));
      const isMasked = f.let('is_masked', i32.ne(mask, FULL));
      const bits = f.let('bits', i32.add(i32.load(plan, PLAN.masks), i32.mul(mask, 4 * MASK_WORDS)));
      const products = { queries: at.queries, keys, scores: at.scores, rows, panels: i32.shrU(columns, 3) };
      f.if(
        isMasked,
        () => {
          f.call(ranges, { rows, mask: bits, ranges: at.ranges });
          f.call(maskedScores, { ...products, ranges: at.ranges });
        },
        () => f.call(scores, { ...products, ranges: 0 }),
      );
      if (logits) f.call(logits, { scores: at.scores, rows, columns, head, queryRows: at.rows, column });
      f.if(isMasked, () => f.call(hide, { scores: at.scores, rows, mask: bits }));

      const { maxima, totals, factors, shifts, visible, sums } = at;
      const finite = f.let('finite', i32.load8U(i32.add(i32.load(head, HEAD.finite), column)));
      f.if(i32.eqz(finite), () => f.call(listVisible, { scores: at.scores, rows, columns, visible }));
      f.call(softmax, { scores: at.scores, rows, columns, maxima, totals, factors, shifts });
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
    const span = f.let('span', i32.load(i32.add(i32.load(plan, PLAN.rowStart), i32.shl(rowBlock, 2))));
    const lastSpan = f.let(
      'last_span',
      i32.load(i32.add(i32.load(plan, PLAN.rowStart), i32.shl(rowBlock, 2)), 4),
    );
    f.while(span, lastSpan, 1, () => {
      const word = f.let('word', i32.shl(span, 2));
      const column = f.let('column', i32.load(i32.add(i32.load(plan, PLAN.spanColumn), word)));
      const end = f.let('end', i32.add(column, i32.load(i32.add(i32.load(plan, PLAN.spanTiles), word))));
      const mask = f.let('mask', i32.load(i32.add(i32.load(plan, PLAN.spanMask), word)));
      f.while(column, end, 1, () => addTile(column, mask));
    });
    writeResult(f, head, rows, at, valueDim);
  });
  module.export(attend);
  return module;
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

/** The numbers of the row block's query rows. */
function listRows(f: FunctionBuilder, plan: Local<'i32'>, first: I32, rows: I32, to: Local<'i32'>): void {
  const index = f.let('query_index', i32.load(plan, PLAN.queryIndex));
  f.count('row', rows, 1, (row) => {
    const number = f.let('number', i32.add(first, row));
    f.if(index, () => f.set(number, i32.load(i32.add(index, i32.shl(number, 2)))));
    f.do(i32.store(i32.add(to, i32.shl(row, 2)), number));
  });
}

/** queries[row] = scale · q[number of the row]. */
function gatherQueries(
  f: FunctionBuilder,
  head: Local<'i32'>,
  rows: I32,
  rowNumbers: Local<'i32'>,
  queries: Local<'i32'>,
  headDim: number,
): void {
  const scale = f.let('scale', v128.load32Splat(head, HEAD.scale));
  const to = f.let('to', queries);
  f.count('row', rows, 1, (row) => {
    const number = i32.load(i32.add(rowNumbers, i32.shl(row, 2)));
    const from = f.let(
      'from',
      i32.add(i32.load(head, HEAD.q), i32.mul(number, i32.load(head, HEAD.qStride))),
    );
    f.count('vector', headDim >> 2, 1, () => {
      f.do(v128.store(to, f32x4.mul(v128.load(from), scale)));
      f.advance(from, 16);
      f.advance(to, 16);
    });
    for (let rest = 0; rest < headDim % 4; rest++) {
      f.do(f32.store(to, f32.mul(f32.load(from, 4 * rest), f32x4.extractLane(0, scale)), 4 * rest));
    }
    f.advance(to, 4 * (headDim % 4));
  });
}

/** out[number of the row] = sums / total, 0 where nothing was visible; and the row's state, where it is asked for. */
function writeResult(
  f: FunctionBuilder,
  head: Local<'i32'>,
  rows: I32,
  at: {
    readonly rows: Local<'i32'>;
    readonly sums: Local<'i32'>;
    readonly shifts: Local<'i32'>;
    readonly totals: Local<'i32'>;
  },
  valueDim: number,
): void {
  const states = f.let('states', i32.load(head, HEAD.states));
  const from = f.local('sum', 'i32');
  f.count('row', rows, 1, (row) => {
    const row4 = f.let('row4', i32.shl(row, 2));
    const number = f.let('number', i32.load(i32.add(at.rows, row4)));
    const total = f.let('total', f32.load(i32.add(at.totals, row4)));
    f.set(from, i32.add(at.sums, i32.mul(row, 4 * paddedDim(valueDim))));
    const to = f.let(
      'out',
      i32.add(i32.load(head, HEAD.out), i32.mul(number, i32.load(head, HEAD.outStride))),
    );
    const inverse = f.let('inverse', f32.select(f32.eq(total, 0), f32.const(0), f32.div(1, total)));
    const factor = f.let('factor', f32x4.splat(inverse));
    f.count('vector', valueDim >> 2, 1, () => {
      f.do(v128.store(to, f32x4.mul(v128.load(from), factor)));
      f.advance(from, 16);
      f.advance(to, 16);
    });
    for (let rest = 0; rest < valueDim % 4; rest++) {
      f.do(f32.store(to, f32.mul(f32.load(from, 4 * rest), inverse), 4 * rest));
    }
    f.if(states, () => {
      const state = f.let('state', i32.add(states, i32.shl(number, 3)));
      f.do(f32.store(state, f32.load(i32.add(at.shifts, row4))), f32.store(state, total, 4));
    });
  });
}

/** Fills memory with one float; `bytes` is a multiple of 16. */
function fill(f: FunctionBuilder, from: Local<'i32'>, bytes: number, value: number): void {
  const vector = f.let('fill', f32x4.all(value));
  f.count('byte', bytes, 16, (byte) => f.do(v128.store(i32.add(from, byte), vector)));
}

/** The smaller of an unsigned number and a constant; evaluates the number twice. */
function minimum(value: I32, limit: number): I32 {
  return i32.select(i32.ltU(value, limit), value, limit);
}
