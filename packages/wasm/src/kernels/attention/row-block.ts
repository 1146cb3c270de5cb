/**
 * The attention kernel computes one row block of one head: up to 64 queries against the tiles that the plan
 * lists for them (`tile.ts`).
 *
 * It knows nothing of patterns. Row blocks do not depend on each other: any thread may compute any of them,
 * with the same result.
 */
import { MASK_WORDS, SPAN_MASK, TILE } from '@attn/core/backend';
import {
  f32,
  f32x4,
  i32,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type I32,
  type Local,
  type V128,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { copyRow } from './copy-row.ts';
import { defineInPlaceStep } from './in-place.ts';
import { HEAD, paddedDim, PLAN, scratchLayout, TASK } from './layout.ts';
import { defineLogits, type LogitTerms } from './logits.ts';
import { defineHide, defineRanges } from './mask.ts';
import { definePack } from './pack.ts';
import { SCORE_STEP } from './softmax.ts';
import { defineTileStep, rowBlockParts, type RowBlockParts } from './tile.ts';

/** The options that an attention module is specialised to. */
export interface AttentionModuleOptions {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly headDim: number;
  readonly valueDim: number;
  readonly terms: LogitTerms;
  /** Whether keys and values are read where they are (`in-place.ts`), not packed. Default: false. */
  readonly inPlace?: boolean;
}

/** The module: exports `attend(task: TASK, scratch)` and, if not in place, `pack(task: PACK, scratch)`. */
export function attentionModule(options: AttentionModuleOptions): ModuleBuilder {
  const { simd, sharedMemory, headDim, valueDim, terms, inPlace = false } = options;
  const module = new ModuleBuilder({ sharedMemory });
  const padded = paddedDim(valueDim);
  const layout = scratchLayout(headDim, valueDim);
  if (!inPlace) definePack(module, headDim, valueDim);
  const emitStep = (inPlace ? defineInPlaceStep : defineTileStep)(module, { simd, headDim, valueDim });
  const logits = defineLogits(module, simd, terms);
  const hide = defineHide(module);
  const ranges = defineRanges(module, simd);

  const attend = module.define('attend', { task: 'i32', scratch: 'i32' }, (f, { task, scratch }) => {
    const head = f.let('head', i32.load(task, TASK.head));
    const plan = f.let('plan', i32.load(head, HEAD.plan));
    const rowBlock = f.let('row_block', i32.load(task, TASK.rowBlock));
    const first = f.let('first', i32.mul(rowBlock, TILE));
    const rows = f.let('rows', minimum(i32.sub(i32.load(plan, PLAN.queryCount), first), TILE));
    const at = rowBlockParts(f, scratch, layout);
    listRows(f, plan, first, rows, at.rows);
    const queries = { address: i32.load(head, HEAD.q), stride: i32.load(head, HEAD.qStride) };
    gatherQueries(f, { ...queries, scale: v128.load32Splat(head, HEAD.scale) }, rows, at, headDim);
    fill(f, at.sums, 4 * TILE * padded, 0);
    fill(f, at.maxima, 4 * TILE, -Infinity);
    fill(f, at.totals, 4 * TILE, 0);

    const addTile = (column: Local<'i32'>, mask: Local<'i32'>): void => {
      const keysLeft = i32.sub(i32.load(plan, PLAN.keyCount), i32.mul(column, TILE));
      const present = f.let('present', minimum(keysLeft, TILE));
      const columns = f.let('columns', i32.and(i32.add(present, SCORE_STEP - 1), -SCORE_STEP));
      const isMasked = f.let('is_masked', i32.ne(mask, SPAN_MASK.full));
      const bits = f.let('bits', i32.add(i32.load(plan, PLAN.masks), i32.mul(mask, 4 * MASK_WORDS)));
      emitStep(f, at, {
        rows,
        present,
        columns,
        keys: i32.add(i32.load(head, HEAD.keys), i32.mul(column, 4 * TILE * headDim)),
        values: f.let('values', i32.add(i32.load(head, HEAD.values), i32.mul(column, 4 * TILE * padded))),
        finite: f.let('finite', inPlace ? 0 : i32.load8U(i32.add(i32.load(head, HEAD.finite), column))),
        isMasked,
        findRanges: () => f.call(ranges, { rows, mask: bits, ranges: at.ranges }),
        changeLogits: () => {
          if (logits) f.call(logits, { scores: at.scores, rows, columns, head, queryRows: at.rows, column });
          f.if(isMasked, () => f.call(hide, { scores: at.scores, rows, mask: bits }));
        },
      });
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

/** Emits code that lists the numbers of the row block's query rows. */
function listRows(f: FunctionBuilder, plan: Local<'i32'>, first: I32, rows: I32, to: Local<'i32'>): void {
  const index = f.let('query_index', i32.load(plan, PLAN.queryIndex));
  f.count('row', rows, 1, (row) => {
    const number = f.let('number', i32.add(first, row));
    f.if(index, () => f.set(number, i32.load(i32.add(index, i32.shl(number, 2)))));
    f.do(i32.store(i32.add(to, i32.shl(row, 2)), number));
  });
}

/** Emits queries[row] = scale · q[number of the row]. */
export function gatherQueries(
  f: FunctionBuilder,
  q: { readonly address: I32; readonly stride: I32; readonly scale: V128 },
  rows: I32,
  at: RowBlockParts,
  headDim: number,
): void {
  const scale = f.let('scale', q.scale);
  const [base, stride] = [f.let('q', q.address), f.let('q_stride', q.stride)];
  const to = f.let('to', at.queries);
  f.count('row', rows, 1, (row) => {
    const number = i32.load(i32.add(at.rows, i32.shl(row, 2)));
    const from = f.let('from', i32.add(base, i32.mul(number, stride)));
    copyRow(f, from, to, headDim, (x) => f32x4.mul(x, scale));
  });
}

/**
 * Emits out[number of the row] = sums / total, or 0 where no key was visible; and stores states if asked for.
 */
function writeResult(
  f: FunctionBuilder,
  head: Local<'i32'>,
  rows: I32,
  at: RowBlockParts,
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
    copyRow(f, from, to, valueDim, (x) => f32x4.mul(x, factor));
    f.if(states, () => {
      const state = f.let('state', i32.add(states, i32.shl(number, 3)));
      f.do(f32.store(state, f32.load(i32.add(at.maxima, row4))), f32.store(state, total, 4));
    });
  });
}

/** Emits code that fills memory with one float; `bytes` is a multiple of 16. */
export function fill(f: FunctionBuilder, from: Local<'i32'>, bytes: number, value: number): void {
  const vector = f.let('fill', f32x4.all(value));
  f.count('byte', bytes, 16, (byte) => f.do(v128.store(i32.add(from, byte), vector)));
}

/** The minimum of an unsigned number, which it evaluates twice, and a constant. */
export function minimum(value: I32, limit: number): I32 {
  return i32.select(i32.ltU(value, limit), value, limit);
}
