/**
 * Hashes a block of 64 tokens: computes their scores with all rotations, and the index of the largest
 * score of each round.
 *
 * Scores are computed with tokens as columns, 48 rotations at a time:
 *
 *     scores [48 × 64] = rotations [48 × D] · tokensᵀ [D × 64]
 *
 * so that a vector holds four tokens, the search for the largest score goes down a column without crossing
 * lanes, and no more than 12 KB of scores exist at a time. Of [xR; −xR] only xR is computed: −xR is largest
 * where xR is least.
 */
import {
  f32x4,
  i32,
  i32x4,
  ModuleBuilder,
  v128,
  type FunctionBuilder,
  type FunctionHandle,
  type I32,
  type Local,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { packKeys } from '../attention/pack.ts';
import { PANEL, PANEL_BYTES, product } from '../register-tile.ts';

/** Number of tokens of a block. */
export const HASH_TOKENS = 64;

/** Number of rotations whose scores exist at the same time. */
const SLAB = 48;

/** Bytes of a row of scores. */
const ROW = 4 * HASH_TOKENS;

/** Layout of a task of `hash`: a block of tokens of one head. */
export const HASH = {
  /** Address of the first token, and bytes from one token to the next. */
  x: 0,
  xStride: 4,
  /** Number of tokens, 1 … 64. */
  tokens: 8,
  /** [R · W × D]: the rotations of all rounds, as `transpose` writes them. */
  rotations: 12,
  /** Address of the buckets of the first round, and bytes from one round to the next. */
  buckets: 16,
  roundStride: 20,
  /** Address of a byte for each token, where 0 hides the token; or 0 if there is no mask. */
  mask: 24,
  /** The bucket of hidden tokens. */
  hiddenBucket: 28,
  /** [factors] i32: half of each factor. */
  halves: 32,
  factors: 36,
  rounds: 40,
} as const;

/** Bytes of a `HASH`. */
export const HASH_BYTES = 44;

/** Layout of a task of `transpose`: `count` columns of rotations [D × columns], from the first one on. */
export const TRANSPOSE = { from: 0, columns: 4, count: 8, to: 12 } as const;

/** Bytes of a `TRANSPOSE`. */
export const TRANSPOSE_BYTES = 16;

/** Offsets of the parts of a thread's scratch memory. The parts behind the scores have 64 numbers each. */
function scratchParts(headDim: number) {
  const scores = 4 * HASH_TOKENS * headDim + 4 * headDim;
  const state = scores + SLAB * ROW;
  return {
    tokens: 0,
    zeros: 4 * HASH_TOKENS * headDim,
    scores,
    largest: state,
    largestAt: state + ROW,
    least: state + 2 * ROW,
    leastAt: state + 3 * ROW,
    bucket: state + 4 * ROW,
    bytes: state + 5 * ROW,
  };
}

/** Bytes of scratch memory that `hash` needs. */
export function hashScratchBytes(headDim: number): number {
  return scratchParts(headDim).bytes;
}

/** The module: exports `transpose(task: TRANSPOSE)` and `hash(task: HASH, scratch)`. The head dim is > 0. */
export function hashModule({
  simd,
  sharedMemory,
  headDim,
}: {
  readonly simd: Simd;
  readonly sharedMemory: boolean;
  readonly headDim: number;
}): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });
  module.export(
    module.define('transpose', { task: 'i32', scratch: 'i32' }, (f, { task }) => transpose(f, task, headDim)),
  );
  const multiply = defineMultiply(module, simd, headDim);
  const scan = defineScan(module);
  const endFactor = defineEndFactor(module);
  const parts = scratchParts(headDim);

  const hash = module.define('hash', { task: 'i32', scratch: 'i32' }, (f, { task, scratch }) => {
    const field = (name: keyof typeof HASH): Local<'i32'> => f.let(name, i32.load(task, HASH[name]));
    const part = (name: keyof typeof parts): Local<'i32'> => f.let(name, i32.add(scratch, parts[name]));
    const [count, halves, factors, rounds] = [
      field('tokens'),
      field('halves'),
      field('factors'),
      field('rounds'),
    ];
    const [tokens, zeros, scores, state] = [part('tokens'), part('zeros'), part('scores'), part('largest')];
    const vectors = f.let('vectors', i32.shrU(i32.add(count, 3), 2));
    const panels = f.let('panels', i32.shrU(i32.add(count, PANEL - 1), 3));
    packTokens(f, task, { count, tokens, zeros, headDim });

    const half = f.let('half', i32.load(halves));
    const [unit, remaining] = [f.let('unit', 1), f.let('remaining', half)];
    const [factor, round] = [f.let('factor', 0), f.let('round', 0)];
    const rotations = f.let('rotations', i32.load(task, HASH.rotations));
    // The rows of scores of all rounds.
    const ahead = f.let('ahead', 0);
    f.count('index', factors, 1, (index) =>
      f.advance(ahead, i32.mul(rounds, i32.load(i32.add(halves, i32.shl(index, 2))))),
    );
    clearState(f, state);
    f.count('from', ahead, SLAB, (from) => {
      const rest = i32.sub(ahead, from);
      const rows = f.let('rows', i32.select(i32.ltU(rest, SLAB), rest, SLAB));
      f.call(multiply, { rotations, tokens, scores, rows, panels });
      f.advance(rotations, SLAB * 4 * headDim);
      const row = f.let('row', scores);
      // Each part of the slab belongs to another factor.
      f.repeat(
        () => {
          const part = f.let('part', i32.select(i32.ltU(remaining, rows), remaining, rows));
          f.call(scan, { scores: row, rows: part, first: i32.sub(half, remaining), vectors, state });
          f.advance(row, i32.mul(part, ROW));
          f.set(rows, i32.sub(rows, part));
          f.set(remaining, i32.sub(remaining, part));
          f.if(i32.eqz(remaining), () => {
            f.call(endFactor, { state, half, unit, vectors });
            f.set(unit, i32.shl(i32.mul(unit, half), 1));
            f.advance(factor, 1);
            f.if(i32.eq(factor, factors), () => {
              writeRound(f, task, round, count, i32.add(state, 4 * ROW));
              f.advance(round, 1);
              f.set(factor, 0);
              f.set(unit, 1);
            });
            f.set(half, i32.load(i32.add(halves, i32.shl(factor, 2))));
            f.set(remaining, half);
          });
        },
        () => rows,
      );
    });
  });
  module.export(hash);
  return module;
}

/** Emits to[column][d] = from[d][column]. */
function transpose(f: FunctionBuilder, task: Local<'i32'>, headDim: number): void {
  const stride = f.let('stride', i32.shl(i32.load(task, TRANSPOSE.columns), 2));
  const to = f.let('to', i32.load(task, TRANSPOSE.to));
  const first = f.let('first', i32.load(task, TRANSPOSE.from));
  f.count('column', i32.load(task, TRANSPOSE.count), 1, (column) => {
    const from = f.let('from', i32.add(first, i32.shl(column, 2)));
    f.count('d', headDim, 1, () => {
      f.do(i32.store(to, i32.load(from)));
      f.advance(from, stride);
      f.advance(to, 4);
    });
  });
}

/** A block of tokens to pack. */
interface TokenBlock {
  readonly count: Local<'i32'>;
  /** Address of the packed tokens. */
  readonly tokens: Local<'i32'>;
  /** Address of a row of zeros, for absent tokens. */
  readonly zeros: Local<'i32'>;
  readonly headDim: number;
}

/** Emits the packing of tokens in panels of 8; absent tokens are 0. */
function packTokens(
  f: FunctionBuilder,
  task: Local<'i32'>,
  { count, tokens, zeros, headDim }: TokenBlock,
): void {
  f.count('zero', 4 * headDim, 4, (at) => f.do(i32.store(i32.add(zeros, at), 0)));
  const x = f.let('x', i32.load(task, HASH.x));
  const stride = f.let('x_stride', i32.load(task, HASH.xStride));
  packKeys(f, tokens, headDim, (token, row) => {
    f.set(row, zeros);
    f.if(i32.ltU(token, count), () => f.set(row, i32.add(x, i32.mul(token, stride))));
  });
}

const MULTIPLY = { rotations: 'i32', tokens: 'i32', scores: 'i32', rows: 'i32', panels: 'i32' } as const;

function defineMultiply(module: ModuleBuilder, simd: Simd, headDim: number): FunctionHandle<typeof MULTIPLY> {
  return module.define('scores', MULTIPLY, (f, { rotations, tokens, scores, rows, panels }) =>
    product(f, simd, {
      a: rotations,
      aStride: 4 * headDim,
      b: tokens,
      bStride: headDim * PANEL_BYTES,
      c: scores,
      cStride: ROW,
      rows,
      depth: headDim,
      panels,
    }),
  );
}

const SCAN = {
  /** [rows × 64]. */
  scores: 'i32',
  rows: 'i32',
  /** Index of the first row within its factor. */
  first: 'i32',
  /** Number of vectors of tokens. */
  vectors: 'i32',
  /** [64] each: the largest score of each token, its index, the least score, its index. */
  state: 'i32',
} as const;

/**
 * Defines the search for the largest and the least score. The first of equal scores counts, and NaN does not.
 */
function defineScan(module: ModuleBuilder): FunctionHandle<typeof SCAN> {
  return module.define('scan', SCAN, (f, { scores, rows, first, vectors, state }) => {
    const names = ['largest', 'largest_at', 'least', 'least_at'] as const;
    const values = names.map((name) => f.local(name, 'v128'));
    const [largest, largestAt, least, leastAt] = values;
    const [score, better, number] = [
      f.local('score', 'v128'),
      f.local('better', 'v128'),
      f.local('number', 'v128'),
    ];
    const ones = f.let('ones', i32x4.all(1));
    f.count('byte', i32.shl(vectors, 4), 16, (byte) => {
      const at = f.let('at', i32.add(state, byte));
      values.forEach((value, index) => f.set(value, v128.load(at, index * ROW)));
      f.set(number, i32x4.splat(first));
      const row = f.let('row', i32.add(scores, byte));
      f.count('index', rows, 1, () => {
        f.set(score, v128.load(row));
        f.set(better, f32x4.gt(score, largest));
        f.set(largestAt, v128.bitselect(number, largestAt, better));
        f.set(largest, v128.bitselect(score, largest, better));
        f.set(better, f32x4.lt(score, least));
        f.set(leastAt, v128.bitselect(number, leastAt, better));
        f.set(least, v128.bitselect(score, least, better));
        f.set(number, i32x4.add(number, ones));
        f.advance(row, ROW);
      });
      values.forEach((value, index) => f.do(v128.store(at, value, index * ROW)));
    });
  });
}

const END_FACTOR = { state: 'i32', half: 'i32', unit: 'i32', vectors: 'i32' } as const;

/** Defines bucket += unit · argmax([scores; −scores]), after which a new search begins. */
function defineEndFactor(module: ModuleBuilder): FunctionHandle<typeof END_FACTOR> {
  return module.define('endFactor', END_FACTOR, (f, { state, half, unit, vectors }) => {
    const hash = f.local('hash', 'v128');
    f.count('byte', i32.shl(vectors, 4), 16, (byte) => {
      const at = f.let('at', i32.add(state, byte));
      const behind = i32x4.add(v128.load(at, 3 * ROW), i32x4.splat(half));
      const isBehind = f32x4.gt(f32x4.neg(v128.load(at, 2 * ROW)), v128.load(at));
      f.set(hash, v128.bitselect(behind, v128.load(at, ROW), isBehind));
      f.set(hash, i32x4.add(v128.load(at, 4 * ROW), i32x4.mul(hash, i32x4.splat(unit))));
      f.do(v128.store(at, hash, 4 * ROW));
      clearSearch(f, at);
    });
  });
}

function clearState(f: FunctionBuilder, state: Local<'i32'>): void {
  f.count('byte', ROW, 16, (byte) => {
    const at = f.let('at', i32.add(state, byte));
    clearSearch(f, at);
    f.do(v128.store(at, i32x4.all(0), 4 * ROW));
  });
}

function clearSearch(f: FunctionBuilder, at: Local<'i32'>): void {
  f.do(
    v128.store(at, f32x4.all(-Infinity)),
    v128.store(at, i32x4.all(0), ROW),
    v128.store(at, f32x4.all(Infinity), 2 * ROW),
    v128.store(at, i32x4.all(0), 3 * ROW),
  );
}

/** Emits code that writes the buckets of a round, and begins the next round. */
function writeRound(
  f: FunctionBuilder,
  task: Local<'i32'>,
  round: Local<'i32'>,
  count: Local<'i32'>,
  buckets: I32,
): void {
  const mask = f.let('mask', i32.load(task, HASH.mask));
  const hidden = f.let('hidden', i32.load(task, HASH.hiddenBucket));
  const from = f.let('from_bucket', buckets);
  const to = f.let(
    'to_bucket',
    i32.add(i32.load(task, HASH.buckets), i32.mul(round, i32.load(task, HASH.roundStride))),
  );
  f.count('token', count, 1, (token) => {
    const bucket = f.let('bucket_of', i32.load(from));
    f.if(mask, () => f.if(i32.eqz(i32.load8U(i32.add(mask, token))), () => f.set(bucket, hidden)));
    f.do(i32.store(to, bucket), i32.store(from, 0));
    f.advance(from, 4);
    f.advance(to, 4);
  });
}
