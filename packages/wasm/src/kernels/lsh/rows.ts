/** The queries of a row block of LSH attention: their tokens, visible keys, and state between rounds. */
import { TILE } from '@attn/core/backend';
import { f32, f32x4, i32, type FunctionBuilder, type I32, type Local } from '../../assembler/index.ts';
import { copyRow } from '../attention/copy-row.ts';
import { paddedDim } from '../attention/layout.ts';
import { fill } from '../attention/row-block.ts';
import type { RowBlockParts } from '../attention/tile.ts';
import { LSH_CALL, LSH_HEAD, type LshScratchLayout } from './layout.ts';

/** A call, a head of it and a round, as variables. */
export interface LshRound {
  readonly call: Local<'i32'>;
  readonly head: Local<'i32'>;
  readonly round: Local<'i32'>;
}

/** The LSH kernel's own parts of the scratch memory, as variables. */
export type LshParts = Readonly<Record<keyof LshScratchLayout, Local<'i32'>>>;

/** The rows of a row block, and where to list them. */
export interface RowList {
  /** Place of the first row in its round. */
  readonly first: I32;
  readonly rows: I32;
  /** Address of [64] i32: the rows' tokens. */
  readonly tokens: Local<'i32'>;
  readonly lsh: LshParts;
  readonly withinBuckets: boolean;
}

/** Emits code that lists the tokens of a row block, and which keys each of them sees. */
export function listRows(
  f: FunctionBuilder,
  { call, head, round }: LshRound,
  { first, rows, tokens, lsh, withinBuckets }: RowList,
): void {
  const field = (name: keyof typeof LSH_CALL): Local<'i32'> => f.let(name, i32.load(call, LSH_CALL[name]));
  const [length, chunkLength, chunks, span] = [
    field('length'),
    field('chunkLength'),
    field('chunks'),
    field('span'),
  ];
  const endChunk = field('endChunk');
  const roundBytes = f.let('round_bytes', i32.shl(i32.mul(round, length), 2));
  const order = f.let(
    'order',
    i32.add(i32.load(head, LSH_HEAD.order), i32.add(roundBytes, i32.shl(first, 2))),
  );
  const buckets = f.let('buckets', i32.add(i32.load(head, LSH_HEAD.buckets), roundBytes));
  const toFirst = i32.sub(i32.load(call, LSH_CALL.leadChunks), i32.load(call, LSH_CALL.chunksBefore));
  /** The first chunk that the row sees; it may be negative where rounds are no cycle. */
  const low = f.let('low', i32.add(i32.divU(first, chunkLength), toFirst));
  const remaining = f.let('remaining', i32.sub(chunkLength, i32.remU(first, chunkLength)));
  const [from, to] = [f.local('from_place', 'i32'), f.local('to_place', 'i32')];
  const firstPlace = (chunk: I32): I32 =>
    i32.add(i32.mul(i32.divU(chunk, chunks), length), i32.mul(i32.remU(chunk, chunks), chunkLength));
  const findPlaces = (): void => {
    const start = f.let('start', i32.select(i32.ltS(low, 0), 0, low));
    f.set(from, firstPlace(start));
    f.set(start, i32.add(i32.add(low, span), 1));
    f.set(start, i32.select(i32.ltU(endChunk, start), endChunk, start));
    f.set(to, firstPlace(start));
  };
  findPlaces();
  f.count('row4', i32.shl(rows, 2), 4, (row4) => {
    const token = f.let('token', i32.load(i32.add(order, row4)));
    f.do(
      i32.store(i32.add(tokens, row4), token),
      i32.store(i32.add(lsh.from, row4), from),
      i32.store(i32.add(lsh.to, row4), to),
      i32.store(i32.add(lsh.firstChunk, row4), low),
    );
    if (withinBuckets) {
      f.do(i32.store(i32.add(lsh.bucket, row4), i32.load(i32.add(buckets, i32.shl(token, 2)))));
    }
    f.set(remaining, i32.sub(remaining, 1));
    f.if(i32.eqz(remaining), () => {
      f.set(remaining, chunkLength);
      f.advance(low, 1);
      findPlaces();
    });
  });
}

/** Emits the start of a row block: an empty state in the first round, else the state after earlier rounds. */
export function loadState(
  f: FunctionBuilder,
  { head, round }: LshRound,
  rows: I32,
  at: RowBlockParts,
  valueDim: number,
): void {
  fill(f, at.sums, 4 * TILE * paddedDim(valueDim), 0);
  fill(f, at.maxima, 4 * TILE, -Infinity);
  fill(f, at.totals, 4 * TILE, 0);
  f.if(round, () => {
    const [out, outStride] = outRows(f, head);
    const states = f.let('states', i32.load(head, LSH_HEAD.states));
    const [from, to] = [f.local('sum', 'i32'), f.local('sum_to', 'i32')];
    eachRow(f, rows, at, (row4, token) => {
      const state = f.let('state', i32.add(states, i32.shl(token, 3)));
      f.do(
        f32.store(i32.add(at.maxima, row4), f32.load(state)),
        f32.store(i32.add(at.totals, row4), f32.load(state, 4)),
      );
      f.set(from, i32.add(out, i32.mul(token, outStride)));
      f.set(to, i32.add(at.sums, i32.mul(row4, paddedDim(valueDim))));
      copyRow(f, from, to, valueDim);
    });
  });
}

/** Emits code that stores a row block's state for the next round. */
export function keepState(
  f: FunctionBuilder,
  { head }: LshRound,
  rows: I32,
  at: RowBlockParts,
  valueDim: number,
): void {
  const [out, outStride] = outRows(f, head);
  const states = f.let('states', i32.load(head, LSH_HEAD.states));
  const [from, to] = [f.local('sum', 'i32'), f.local('sum_to', 'i32')];
  eachRow(f, rows, at, (row4, token) => {
    const state = f.let('state', i32.add(states, i32.shl(token, 3)));
    f.do(
      f32.store(state, f32.load(i32.add(at.maxima, row4))),
      f32.store(state, f32.load(i32.add(at.totals, row4)), 4),
    );
    f.set(from, i32.add(at.sums, i32.mul(row4, paddedDim(valueDim))));
    f.set(to, i32.add(out, i32.mul(token, outStride)));
    copyRow(f, from, to, valueDim);
  });
}

/**
 * Emits out = sums / total. A token that saw no key in any round gets its own value. A token that the mask
 * hides gets 0, and the state of a token that saw no key.
 */
export function finishRows(
  f: FunctionBuilder,
  { head }: LshRound,
  rows: I32,
  at: RowBlockParts,
  valueDim: number,
): void {
  const [out, outStride] = outRows(f, head);
  const [v, vStride] = [i32.load(head, LSH_HEAD.v), i32.load(head, LSH_HEAD.vStride)];
  const states = f.let('states', i32.load(head, LSH_HEAD.states));
  const mask = f.let('mask', i32.load(head, LSH_HEAD.mask));
  const [from, to] = [f.local('sum', 'i32'), f.local('sum_to', 'i32')];
  const factor = f.local('factor', 'v128');
  eachRow(f, rows, at, (row4, token) => {
    const total = f.let('total', f32.load(i32.add(at.totals, row4)));
    f.set(from, i32.add(at.sums, i32.mul(row4, paddedDim(valueDim))));
    f.set(factor, f32x4.splat(f32.div(1, total)));
    f.if(f32.eq(total, 0), () => {
      f.set(from, i32.add(v, i32.mul(token, vStride)));
      f.set(factor, f32x4.all(1));
    });
    f.set(to, i32.add(out, i32.mul(token, outStride)));
    const start = f.let('row_start', to);
    copyRow(f, from, to, valueDim, (x) => f32x4.mul(x, factor));
    f.if(mask, () =>
      f.if(i32.eqz(i32.load8U(i32.add(mask, token))), () => {
        f.set(total, f32.const(0));
        f.while(start, to, 4, () => f.do(i32.store(start, 0)));
      }),
    );
    const state = f.let('state', i32.add(states, i32.shl(token, 3)));
    f.do(f32.store(state, f32.load(i32.add(at.maxima, row4))), f32.store(state, total, 4));
  });
}

function outRows(f: FunctionBuilder, head: Local<'i32'>): readonly [Local<'i32'>, Local<'i32'>] {
  return [
    f.let('out', i32.load(head, LSH_HEAD.out)),
    f.let('out_stride', i32.load(head, LSH_HEAD.outStride)),
  ];
}

function eachRow(
  f: FunctionBuilder,
  rows: I32,
  at: RowBlockParts,
  body: (row4: Local<'i32'>, token: Local<'i32'>) => void,
): void {
  f.count('row4', i32.shl(rows, 2), 4, (row4) =>
    body(row4, f.let('token', i32.load(i32.add(at.rows, row4)))),
  );
}
