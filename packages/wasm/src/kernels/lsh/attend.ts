/**
 * The kernel of LSH attention: row blocks of a round of a head, 64 queries each in the round's sorted order,
 * against the key tiles with the chunks around theirs.
 *
 * A round continues where the last round ended: between them, memory keeps the state of each token's online
 * softmax, and the result keeps its sums of values. That merges rounds by their log-sum-exp, without
 * divisions and logarithms in between. Every token is in one row block of a round, so row blocks do not
 * depend on each other, and sums always have the same order.
 */
import { TILE } from '@attn/core/backend';
import {
  f32x4,
  i32,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type Local,
  type V128,
} from '../../assembler/index.ts';
import { multiplyAdd, type Simd } from '../arithmetic.ts';
import { scratchLayout } from '../attention/layout.ts';
import { partOfVector } from '../attention/pack.ts';
import { gatherQueries, minimum } from '../attention/row-block.ts';
import { SCORE_STEP } from '../attention/softmax.ts';
import { defineTileStep, rowBlockParts, type RowBlockParts } from '../attention/tile.ts';
import { sumLanes } from '../vector-math.ts';
import { defineFillSlot } from './key-tile.ts';
import { LSH_CALL, LSH_HEAD, LSH_TASK, lshScratchLayout, MAX_SLOTS, NORMS, slotLayout } from './layout.ts';
import { defineAddMeetTerms, defineHideMet, listChunks } from './meetings.ts';
import { finishRows, keepState, listRows, loadState, type LshParts, type LshRound } from './rows.ts';
import { defineHide, definePlaceRanges, hideSelf } from './visible.ts';

/** The options that an LSH module is specialised to. */
export interface LshModuleOptions {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly headDim: number;
  readonly valueDim: number;
  readonly keyNorm: 'rms' | 'l2';
  readonly causal: boolean;
  readonly withinBuckets: boolean;
  readonly duplicates: 'each' | 'once' | 'lucidrains';
}

/** The module: exports `norms(task: NORMS)`, `chunks(task: CHUNKS)` and `attend(task: LSH_TASK, scratch)`. */
export function lshModule(options: LshModuleOptions): ModuleBuilder {
  const { sharedMemory, headDim, valueDim } = options;
  const module = new ModuleBuilder({ sharedMemory });
  const kernel = { task: 'i32', scratch: 'i32' } as const;
  module.export(module.define('norms', kernel, (f, { task }) => inverseNorms(f, task, options)));
  module.export(module.define('chunks', kernel, (f, { task }) => listChunks(f, task)));
  const emitRowBlock = defineRowBlock(module, options);
  const layout = scratchLayout(headDim, valueDim);
  const lshLayout = lshScratchLayout(headDim, valueDim);

  const attend = module.define('attend', kernel, (f, { task, scratch }) => {
    const head = f.let('head', i32.load(task, LSH_TASK.head));
    const call = f.let('call', i32.load(head, LSH_HEAD.call));
    const round = f.let('round', i32.load(task, LSH_TASK.round));
    const lshRound = { call, head, round };
    const part = (name: keyof LshParts): Local<'i32'> => f.let(name, i32.add(scratch, lshLayout[name]));
    const lsh: LshParts = {
      from: part('from'),
      to: part('to'),
      firstChunk: part('firstChunk'),
      bucket: part('bucket'),
      held: part('held'),
      slots: part('slots'),
    };
    const at = rowBlockParts(f, scratch, layout);
    f.count('slot_word', 4 * MAX_SLOTS, 4, (word) => f.do(i32.store(i32.add(lsh.held, word), -1)));
    const block = f.let('block', i32.load(task, LSH_TASK.firstBlock));
    const isLast = f.let('is_last', i32.eq(i32.add(round, 1), i32.load(call, LSH_CALL.rounds)));
    f.while(block, i32.load(task, LSH_TASK.endBlock), 1, () => {
      const first = f.let('first', i32.mul(block, TILE));
      const rows = f.let('rows', minimum(i32.sub(i32.load(call, LSH_CALL.length), first), TILE));
      listRows(f, lshRound, { first, rows, tokens: at.rows, lsh, withinBuckets: options.withinBuckets });
      const queries = { address: i32.load(head, LSH_HEAD.qk), stride: i32.load(head, LSH_HEAD.qkStride) };
      gatherQueries(f, { ...queries, scale: v128.load32Splat(head, LSH_HEAD.scale) }, rows, at, headDim);
      loadState(f, lshRound, rows, at, valueDim);
      emitRowBlock(f, lshRound, { block, rows, at, lsh });
      f.if(
        isLast,
        () => finishRows(f, lshRound, rows, at, valueDim),
        () => keepState(f, lshRound, rows, at, valueDim),
      );
    });
  });
  module.export(attend);
  return module;
}

/** A row block, and its parts of the scratch memory. */
interface RowBlock {
  /** Index of the row block in its round. */
  readonly block: Local<'i32'>;
  readonly rows: Local<'i32'>;
  readonly at: RowBlockParts;
  readonly lsh: LshParts;
}

type EmitRowBlock = (f: FunctionBuilder, lshRound: LshRound, rowBlock: RowBlock) => void;

/** Defines the functions of a row block, and returns a function that emits its walk through the key tiles. */
function defineRowBlock(module: ModuleBuilder, options: LshModuleOptions): EmitRowBlock {
  const { simd, headDim, valueDim, causal, withinBuckets, duplicates } = options;
  const layout = slotLayout(headDim, valueDim);
  const emitStep = defineTileStep(module, options);
  const fillSlot = defineFillSlot(module, { ...options, countsMeetings: duplicates !== 'each' });
  const hide = defineHide(module, layout, options);
  const ranges = definePlaceRanges(module, simd);
  const meetings = { layout, withinBuckets };
  const hideMet = duplicates === 'once' ? defineHideMet(module, meetings) : undefined;
  const addTerms = duplicates === 'lucidrains' ? defineAddMeetTerms(module, meetings) : undefined;
  /** Whether the data may hide pairs of any tile. */
  const isAlwaysMasked = causal || withinBuckets || duplicates !== 'each';

  return (f, { call, head, round }, { block, rows, at, lsh }) => {
    const field = (name: keyof typeof LSH_CALL): Local<'i32'> => f.let(name, i32.load(call, LSH_CALL[name]));
    const [shift, span, firstTile] = [field('shift'), field('span'), field('firstTile')];
    const lastRow = f.let('last_row', i32.shl(i32.sub(rows, 1), 2));
    const end = f.let('end_place', i32.load(i32.add(lsh.to, lastRow)));
    const tile = f.let('tile', i32.shrU(i32.add(i32.load(lsh.from), shift), 6));
    const endTile = f.let('end_tile', i32.shrU(i32.add(i32.add(end, shift), TILE - 1), 6));
    f.while(tile, endTile, 1, () => {
      const index = f.let('slot_index', i32.and(tile, i32.load(call, LSH_CALL.slotMask)));
      const slot = f.let('slot', i32.add(lsh.slots, i32.mul(index, i32.load(call, LSH_CALL.slotBytes))));
      const held = f.let('held_tile', i32.add(lsh.held, i32.shl(index, 2)));
      f.if(i32.ne(i32.load(held), tile), () => {
        f.call(fillSlot, { call, head, round, tile, slot });
        f.do(i32.store(held, tile));
      });
      const start = f.let('start_place', i32.sub(i32.mul(tile, TILE), shift));
      const present = f.let('present', minimum(i32.sub(end, start), TILE));
      const columns = f.let('columns', i32.and(i32.add(present, SCORE_STEP - 1), -SCORE_STEP));
      const isMasked = f.let('is_masked', 1);
      if (!isAlwaysMasked) {
        // A tile may have chunks that the first row no longer sees, or that the last row does not see yet.
        const seesFirst = i32.geS(i32.load(slot, layout.chunks), i32.load(i32.add(lsh.firstChunk, lastRow)));
        const seesLast = i32.leS(
          i32.load(slot, layout.chunks + 4 * (TILE - 1)),
          i32.add(i32.load(lsh.firstChunk), span),
        );
        const inRound = i32.ltU(i32.sub(tile, firstTile), i32.load(call, LSH_CALL.wholeTiles));
        const whole = i32.and(i32.eq(present, TILE), i32.load(slot, layout.unhidden));
        f.set(isMasked, i32.eqz(i32.and(i32.and(seesFirst, seesLast), i32.and(inRound, whole))));
      }
      const meet = { rows, columns, tokens: at.rows, scores: at.scores, slot, call, head, round };
      emitStep(f, at, {
        rows,
        present,
        columns,
        keys: slot,
        values: f.let('values', i32.add(slot, layout.values)),
        finite: f.let('finite', i32.load(slot, layout.finite)),
        isMasked,
        findRanges: () =>
          f.call(ranges, { rows, from: lsh.from, to: lsh.to, start, present, ranges: at.ranges }),
        changeLogits: () =>
          f.if(
            isMasked,
            () => {
              if (addTerms) f.call(addTerms, meet);
              const { firstChunk, bucket } = lsh;
              f.call(hide, {
                scores: at.scores,
                rows,
                columns,
                tokens: at.rows,
                firstChunk,
                bucket,
                slot,
                span,
              });
              if (hideMet) f.call(hideMet, meet);
            },
            () => f.if(i32.eq(tile, i32.add(firstTile, block)), () => hideSelf(f, at.scores, rows)),
          ),
      });
    });
  };
}

/** The largest sum of squares that is used as it is: it has not overflowed. */
const MAX_SQUARES = 2 ** 120;

/** A factor that makes any vector so short that its sum of squares does not overflow. */
const SHORTER = 2 ** -70;

/** Emits to[row] = 1 / norm. The norm is √(mean x² + 1e-6) · √D for `rms`, and max(‖x‖, 1e-12) for `l2`. */
function inverseNorms(
  f: FunctionBuilder,
  task: Local<'i32'>,
  { simd, headDim, keyNorm }: LshModuleOptions,
): void {
  const madd = multiplyAdd(simd);
  const x = f.let('x', i32.load(task, NORMS.x));
  const stride = f.let('stride', i32.load(task, NORMS.xStride));
  const to = f.let('to', i32.load(task, NORMS.to));
  const [sum, value, from] = [f.local('sum', 'v128'), f.local('value', 'v128'), f.local('from', 'i32')];
  const add = (vector: V128): void => {
    f.set(value, vector);
    f.set(sum, madd(value, value, sum));
  };
  const sumSquares = (term: (vector: V128) => V128): void => {
    f.set(sum, f32x4.all(0));
    f.set(from, x);
    f.count('vector', headDim >> 2, 1, () => {
      add(term(v128.load(from)));
      f.advance(from, 16);
    });
    if (headDim % 4 > 0) add(term(partOfVector(from, 0, headDim % 4)));
    sumLanes(f, sum);
  };
  const inverse = f.local('inverse', 'v128');
  f.count('row', i32.load(task, NORMS.count), 1, () => {
    sumSquares((vector) => vector);
    const norm =
      keyNorm === 'rms'
        ? f32x4.sqrt(f32x4.add(sum, f32x4.all(headDim * 1e-6)))
        : f32x4.pmax(f32x4.sqrt(sum), f32x4.all(1e-12));
    f.set(inverse, f32x4.div(f32x4.all(1), norm));
    f.if(v128.anyTrue(f32x4.gt(sum, f32x4.all(MAX_SQUARES))), () => {
      sumSquares((vector) => f32x4.mul(vector, f32x4.all(SHORTER)));
      f.set(inverse, f32x4.div(f32x4.all(SHORTER), f32x4.sqrt(sum)));
    });
    f.do(v128.store32Lane(0, to, inverse));
    f.advance(x, stride);
    f.advance(to, 4);
  });
}
