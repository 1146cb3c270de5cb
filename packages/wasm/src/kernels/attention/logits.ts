/**
 * Changes the logits of a tile before the softmax: first the soft cap, then the biases, then the
 * score's expression. A term is emitted only into kernels that need it.
 */
import type { Score } from '@attn/core';
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
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { tanh } from '../vector-math.ts';
import { gather } from './gather.ts';
import { HEAD, PLAN } from './layout.ts';
import { scoreParts, type ScoreParts } from './score.ts';
import { SCORE_STRIDE } from './softmax.ts';

/** The terms that a kernel applies to logits. */
export interface LogitTerms {
  readonly softcap: boolean;
  readonly alibi: boolean;
  readonly relative: boolean;
  readonly bias: boolean;
  /** The score's expression. */
  readonly score: Score | undefined;
}

const PARAMETERS = {
  /** [64 × 64]: logits, changed in place. */
  scores: 'i32',
  rows: 'i32',
  /** A multiple of 4. */
  columns: 'i32',
  /** Address of a `HEAD`. */
  head: 'i32',
  /** [64] i32: numbers of the query rows. */
  queryRows: 'i32',
  /** Index of the tile's column. Where a bias needs it, the plan has a key index, padded to whole tiles. */
  column: 'i32',
} as const;

/** Whether terms depend on positions. */
export function needsPositions({ alibi, relative, bias, score }: LogitTerms): boolean {
  return alibi || relative || bias || score !== undefined;
}

/** Defines the function that applies the terms to a tile; undefined if there are none. */
export function defineLogits(
  module: ModuleBuilder,
  simd: Simd,
  terms: LogitTerms,
): FunctionHandle<typeof PARAMETERS> | undefined {
  const positional = needsPositions(terms);
  if (!terms.softcap && !positional) return undefined;
  return module.define('logits', PARAMETERS, (f, p) => {
    const x = f.local('logit', 'v128');
    const changes: ((place: LogitPlace) => void)[] = [];
    if (terms.softcap) changes.push(softcap(f, simd, p.head, x));
    if (terms.bias) changes.push(bias(f, p.head, x));
    if (terms.alibi) changes.push(alibi(f, p.head, x));
    if (terms.relative) changes.push(relative(f, p.head, x));

    const keyIndex = f.let('key_index', 0);
    if (positional) {
      const index = i32.load(i32.load(p.head, HEAD.plan), PLAN.keyIndex);
      f.set(keyIndex, i32.add(index, i32.mul(p.column, SCORE_STRIDE)));
    }
    const keys = f.local('keys', 'v128');
    const queries = f.local('positions', 'v128');
    const score: ScoreParts | undefined =
      terms.score &&
      scoreParts(f, simd, { score: terms.score, head: p.head, pair: { s: x, q: queries, k: keys } });
    f.count('row', p.rows, 1, (row) => {
      const at = f.let('at', i32.add(p.scores, i32.mul(row, SCORE_STRIDE)));
      const query = f.let('query', i32.load(i32.add(p.queryRows, i32.shl(row, 2))));
      const position = f.let('position', i32.add(query, i32.load(p.head, HEAD.queryOffset)));
      if (score !== undefined) {
        f.set(queries, i32x4.splat(position));
        score.row();
      }
      f.count('byte', i32.shl(p.columns, 2), 16, (byte) => {
        if (positional) f.set(keys, v128.load(i32.add(keyIndex, byte)));
        f.set(x, v128.load(i32.add(at, byte)));
        for (const change of changes) change({ query, position, keys });
        score?.pair();
        f.do(v128.store(i32.add(at, byte), x));
      });
    });
  });
}

/** The place of four logits. */
interface LogitPlace {
  /** Number of the query row. */
  readonly query: Local<'i32'>;
  /** The query's position in key coordinates. */
  readonly position: Local<'i32'>;
  /** Numbers of the key rows, which are their positions. */
  readonly keys: Local<'v128'>;
}

/**
 * Emits cap · tanh(logit / cap); the queries were divided by the cap.
 * Gemma Team 2024, https://arxiv.org/abs/2408.00118, §2
 */
function softcap(f: FunctionBuilder, simd: Simd, head: Local<'i32'>, x: Local<'v128'>): () => void {
  const bend = tanh(f, simd);
  const cap = f.let('cap', v128.load32Splat(head, HEAD.cap));
  return () => {
    bend(x);
    f.set(x, f32x4.mul(x, cap));
  };
}

/** Emits −slope · |position − key|. Press et al. 2022, https://arxiv.org/abs/2108.12409 */
function alibi(f: FunctionBuilder, head: Local<'i32'>, x: Local<'v128'>): (place: LogitPlace) => void {
  const slope = f.let('slope', v128.load32Splat(head, HEAD.slope));
  return ({ position, keys }) => {
    const distance = f32x4.convertI32x4S(i32x4.abs(i32x4.sub(i32x4.splat(position), keys)));
    f.set(x, f32x4.sub(x, f32x4.mul(slope, distance)));
  };
}

/**
 * Emits table[clamp(key − position, −radius, radius) + radius].
 * Shaw et al. 2018, https://arxiv.org/abs/1803.02155
 */
function relative(f: FunctionBuilder, head: Local<'i32'>, x: Local<'v128'>): (place: LogitPlace) => void {
  const table = f.let('table', i32.load(head, HEAD.relative));
  const radius = f.let('radius', i32x4.splat(i32.load(head, HEAD.radius)));
  const addresses = f.local('addresses', 'v128');
  return ({ position, keys }) => {
    const difference = i32x4.sub(keys, i32x4.splat(position));
    const clamped = i32x4.minS(i32x4.maxS(difference, i32x4.sub(i32x4.splat(0), radius)), radius);
    f.set(addresses, i32x4.add(i32x4.shl(i32x4.add(clamped, radius), 2), i32x4.splat(table)));
    f.set(x, f32x4.add(x, gather(addresses)));
  };
}

/** Emits bias[query, key]. */
function bias(f: FunctionBuilder, head: Local<'i32'>, x: Local<'v128'>): (place: LogitPlace) => void {
  const base = f.let('bias', i32.load(head, HEAD.bias));
  const queryStride = f.let('bias_query_stride', i32.load(head, HEAD.biasQueryStride));
  const keyStride = f.let('bias_key_stride', i32x4.splat(i32.load(head, HEAD.biasKeyStride)));
  const addresses = f.local('addresses', 'v128');
  return ({ query, keys }) => {
    const row: I32 = i32.add(base, i32.mul(query, queryStride));
    f.set(addresses, i32x4.add(i32x4.splat(row), i32x4.mul(keys, keyStride)));
    f.set(x, f32x4.add(x, gather(addresses)));
  };
}
