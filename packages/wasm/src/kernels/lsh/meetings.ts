/**
 * Pairs that meet in several rounds count once, or with lucidrains' term. The chunks that the tokens of a
 * pair have in a round tell whether the pair meets there.
 */
import {
  f32x4,
  i32,
  i32x4,
  v128,
  type FunctionBuilder,
  type FunctionHandle,
  type I32,
  type Local,
  type ModuleBuilder,
  type V128,
} from '../../assembler/index.ts';
import { gather } from '../attention/gather.ts';
import { SCORE_STRIDE } from '../attention/softmax.ts';
import { CHUNKS, LSH_CALL, LSH_HEAD, ROW, type SlotLayout } from './layout.ts';

const MEETINGS = {
  /** [64 × 64]: logits. */
  scores: 'i32',
  rows: 'i32',
  /** A multiple of 4. */
  columns: 'i32',
  /** [64] i32: the rows' tokens. */
  tokens: 'i32',
  slot: 'i32',
  call: 'i32',
  head: 'i32',
  round: 'i32',
} as const;

type MeetingParameters = typeof MEETINGS;

/** The options that the functions of this file are specialised to. */
export interface MeetingOptions {
  readonly layout: SlotLayout;
  /** Whether a pair meets only within a bucket. */
  readonly withinBuckets: boolean;
}

/** Defines the function that hides pairs which have met in an earlier round, where rounds are no cycle. */
export function defineHideMet(
  module: ModuleBuilder,
  { layout, withinBuckets }: MeetingOptions,
): FunctionHandle<MeetingParameters> {
  return module.define('hideMet', MEETINGS, (f, p) => {
    const hidden = f.let('hidden', f32x4.all(-Infinity));
    const span = f.let('span', i32x4.splat(i32.load(p.call, LSH_CALL.span)));
    const before = f.let('before', i32x4.splat(i32.load(p.call, LSH_CALL.chunksBefore)));
    const met = f.local('met', 'v128');
    eachFour(f, p, (token4, at, keys) => {
      f.set(met, i32x4.all(0));
      eachRound(f, p, { layout, end: p.round, token4, keys }, ({ ahead, sameBucket }) => {
        const near = i32x4.leU(i32x4.add(ahead, before), span);
        f.set(met, v128.or(met, withinBuckets ? v128.and(near, sameBucket) : near));
      });
      f.do(v128.store(at, v128.bitselect(hidden, v128.load(at), met)));
    });
  });
}

/** Defines the function that adds lucidrains' term, − log(count + 1e-9), to logits. */
export function defineAddMeetTerms(
  module: ModuleBuilder,
  { layout, withinBuckets }: MeetingOptions,
): FunctionHandle<MeetingParameters> {
  return module.define('addMeetTerms', MEETINGS, (f, p) => {
    const span = f.let('span', i32x4.splat(i32.load(p.call, LSH_CALL.span)));
    const first = f.let('meet_first', i32x4.splat(i32.load(p.call, LSH_CALL.meetFirst)));
    const step = f.let('meet_step', i32x4.splat(i32.load(p.call, LSH_CALL.meetStep)));
    const steps = f.let('meet_count', i32.load(p.call, LSH_CALL.meetCount));
    const terms = f.let('terms', i32x4.splat(i32.load(p.call, LSH_CALL.meetTerms)));
    const rounds = f.let('rounds', i32.load(p.call, LSH_CALL.rounds));
    const [count, distance, meets] = [
      f.local('count', 'v128'),
      f.local('distance', 'v128'),
      f.local('meets', 'v128'),
    ];
    eachFour(f, p, (token4, at, keys) => {
      f.set(count, i32x4.all(0));
      eachRound(f, p, { layout, end: rounds, token4, keys }, ({ ahead, sameBucket }) => {
        f.set(distance, i32x4.add(ahead, first));
        f.count('turn', steps, 1, () => {
          f.set(meets, i32x4.leU(distance, span));
          if (withinBuckets) f.set(meets, v128.and(meets, sameBucket));
          f.set(count, i32x4.sub(count, meets));
          f.set(distance, i32x4.add(distance, step));
        });
      });
      f.set(count, i32x4.add(terms, i32x4.shl(count, 2)));
      f.do(v128.store(at, f32x4.add(v128.load(at), gather(count))));
    });
  });
}

/**
 * Emits a loop over pairs, four keys of a query at a time. The body gets the offset of the query's entry in
 * an array by token, the address of the four logits, and the address of the four keys in the slot.
 */
function eachFour(
  f: FunctionBuilder,
  p: { readonly [N in keyof MeetingParameters]: Local<'i32'> },
  body: (token4: Local<'i32'>, at: Local<'i32'>, keys: Local<'i32'>) => void,
): void {
  f.count('row', p.rows, 1, (row) => {
    const token4 = f.let('token4', i32.shl(i32.load(i32.add(p.tokens, i32.shl(row, 2))), 2));
    const start = f.let('start', i32.add(p.scores, i32.mul(row, SCORE_STRIDE)));
    f.count('byte', i32.shl(p.columns, 2), 16, (byte) =>
      body(token4, f.let('at', i32.add(start, byte)), f.let('keys', i32.add(p.slot, byte))),
    );
  });
}

/** Four pairs, and the rounds to look at: 0 … end − 1. */
interface FourPairs {
  readonly layout: SlotLayout;
  readonly end: I32;
  readonly token4: Local<'i32'>;
  readonly keys: Local<'i32'>;
}

/**
 * Emits a loop over rounds. The body gets how many chunks ahead of the query's the four keys are in the
 * round, and whether they are in its bucket.
 */
function eachRound(
  f: FunctionBuilder,
  { call, head }: { readonly call: Local<'i32'>; readonly head: Local<'i32'> },
  { layout, end, token4, keys }: FourPairs,
  body: (pairs: { readonly ahead: V128; readonly sameBucket: V128 }) => void,
): void {
  const roundBytes = f.let('round_bytes', i32.shl(i32.load(call, LSH_CALL.length), 2));
  const chunk = f.let('chunk', i32.add(i32.load(head, LSH_HEAD.chunkOf), token4));
  const bucket = f.let('bucket', i32.add(i32.load(head, LSH_HEAD.buckets), token4));
  const from = f.let('meetings', keys);
  f.count('of_round', end, 1, () => {
    body({
      ahead: i32x4.sub(v128.load(from, layout.meetings), v128.load32Splat(chunk)),
      sameBucket: i32x4.eq(v128.load(from, layout.meetings + ROW), v128.load32Splat(bucket)),
    });
    f.advance(chunk, roundBytes);
    f.advance(bucket, roundBytes);
    f.advance(from, 2 * ROW);
  });
}

/** Emits to[order[place]] = the chunk of the place, for all places of a round. */
export function listChunks(f: FunctionBuilder, task: Local<'i32'>): void {
  const field = (name: keyof typeof CHUNKS): Local<'i32'> => f.let(name, i32.load(task, CHUNKS[name]));
  const [order, to, chunkLength] = [field('order'), field('to'), field('chunkLength')];
  const [chunk, remaining] = [f.let('chunk', 0), f.let('remaining', chunkLength)];
  f.count('byte', i32.shl(i32.load(task, CHUNKS.length), 2), 4, (byte) => {
    f.do(i32.store(i32.add(to, i32.shl(i32.load(i32.add(order, byte)), 2)), chunk));
    f.set(remaining, i32.sub(remaining, 1));
    f.if(i32.eqz(remaining), () => {
      f.set(remaining, chunkLength);
      f.advance(chunk, 1);
    });
  });
}
