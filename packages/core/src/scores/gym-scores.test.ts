/**
 * The score functions of attention-gym (github.com/meta-pytorch/attention-gym, 7fdb85d) and of PyTorch's
 * tests of FlexAttention as scores, against plain functions of JavaScript.
 */
import { expect, test } from 'vitest';
import { mulberry32 } from '../util/mulberry32.ts';
import { placeInTable, scoreFunction, type ScoredPair, type ScoreTableData } from './evaluate-score.ts';
import { score, type ScoreFunction } from './score.ts';
import type { ScoreValue, ScoreVariables } from './score-terms.ts';

const [BATCH, HEADS, N, ROPE] = [2, 4, 12, 3];

const random = mulberry32(26);
function numbers(...shape: readonly number[]): ScoreTableData {
  const length = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Float32Array.from({ length }, () => random() / 2 ** 31 - 1) };
}
function wholes(below: number, ...shape: readonly number[]): ScoreTableData {
  const length = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Int32Array.from({ length }, () => random() % below) };
}

const TABLES = {
  spatial: numbers(HEADS, 6),
  distances: wholes(6, BATCH, N, N),
  edges: numbers(3, 4, HEADS),
  types: wholes(4, BATCH, N, N, 3),
  lengths: wholes(4, BATCH, N, N),
  rope: numbers(BATCH, HEADS, N, ROPE),
  keyRope: numbers(BATCH, 1, N, ROPE),
  relative: numbers(2 * N),
  perHead: numbers(HEADS),
  perRow: numbers(N),
  square: numbers(N, N),
  shift: wholes(N, BATCH),
  documents: wholes(3, N),
};

const read = (name: keyof typeof TABLES, ...index: readonly number[]): number =>
  TABLES[name].data[placeInTable(TABLES[name].shape, index)];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** erf of Abramowitz & Stegun 7.1.26, which is right to 1.5e-7. */
const ERF = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
function gelu(x: number): number {
  const a = Math.abs(x) * Math.SQRT1_2;
  const t = 1 / (1 + 0.3275911 * a);
  const tail = ERF.reduceRight((sum, c) => (sum + c) * t, 0) * Math.exp(-a * a);
  return 0.5 * x * (1 + Math.sign(x) * (1 - tail));
}
function geluOf(x: ScoreValue, { number, select }: ScoreVariables): ScoreValue {
  const a = x.abs().mul(Math.SQRT1_2);
  const inverse = number(1).div(a.mul(0.3275911).add(1));
  const series = ERF.toReversed()
    .slice(1)
    .reduce((sum, c) => sum.add(c).mul(inverse), inverse.mul(ERF[4]));
  const erf = series.mul(a.mul(a).neg().exp()).neg().add(1);
  return x.mul(0.5).mul(select(x.lt(0), erf.neg(), erf).add(1));
}

test.each<[string, ScoreFunction, (pair: ScoredPair) => number]>([
  // attention-gym/attn_gym/mods
  [
    'ALiBi',
    (s, { h, q, k }) =>
      s.add(
        k.sub(q).mul(
          h
            .add(1)
            .mul((-Math.LN2 * 8) / HEADS)
            .exp(),
        ),
      ),
    ({ s, h, q, k }) => s + (k - q) * 2 ** (-((h + 1) * 8) / HEADS),
  ],
  ['a soft cap of 2', (s) => s.softcap(2), ({ s }) => 2 * Math.tanh(s / 2)],
  [
    'Sandwich',
    (s, { h, q, k, table }) =>
      s.add(
        table('relative')
          .at(q.sub(k).add(N - 1))
          .mul(table('perHead').at(h)),
      ),
    ({ s, h, q, k }) => s + read('relative', q - k + N - 1) * read('perHead', h),
  ],
  [
    'Graphormer, by distances in the graph',
    (s, { b, h, q, k, table, integers }) => s.add(table('spatial').at(h, integers('distances').at(b, q, k))),
    ({ s, b, h, q, k }) => s + read('spatial', h, read('distances', b, q, k)),
  ],
  [
    'Graphormer, by the edges of a path',
    (s, { b, h, q, k, table, integers, select }) => {
      const length = integers('lengths').at(b, q, k);
      const sum = [0, 1, 2].reduce<ScoreValue>((all, i) => {
        const edge = table('edges').at(i, integers('types').at(b, q, k, i), h);
        return all.add(select(length.gt(i), edge, 0));
      }, s.mul(0));
      return s.add(sum.div(length.max(1)));
    },
    ({ s, b, h, q, k }) => {
      const length = read('lengths', b, q, k);
      let sum = 0;
      for (let i = 0; i < length; i++) sum += read('edges', i, read('types', b, q, k, i), h);
      return s + sum / Math.max(length, 1);
    },
  ],
  [
    "MLA's rotary part",
    (s, { b, h, q, k, table }) =>
      [0, 1, 2].reduce(
        (sum, d) =>
          sum.add(
            table('rope')
              .at(b, h, q, d)
              .mul(table('keyRope').at(b, h.div(HEADS), k, d))
              .mul(0.3),
          ),
        s,
      ),
    ({ s, b, h, q, k }) =>
      [0, 1, 2].reduce((sum, d) => sum + 0.3 * read('rope', b, h, q, d) * read('keyRope', b, 0, k, d), s),
  ],
  ['relu in place of softmax', (s) => s.max(0).add(1).log(), ({ s }) => Math.log(Math.max(s, 0) + 1)],
  [
    'gelu in place of softmax',
    (s, variables) => geluOf(s, variables).add(1).log(),
    ({ s }) => Math.log(gelu(s) + 1),
  ],
  // pytorch/test/inductor/test_flex_attention.py
  ['identity', (s) => s, ({ s }) => s],
  [
    'causal',
    (s, { q, k, select }) => select(q.ge(k), s, -Infinity),
    ({ s, q, k }) => (q >= k ? s : -Infinity),
  ],
  [
    'inverse causal',
    (s, { q, k, select }) => select(q.le(k), s, -Infinity),
    ({ s, q, k }) => (q <= k ? s : -Infinity),
  ],
  ['relative bias', (s, { q, k }) => s.add(q.sub(k)), ({ s, q, k }) => s + q - k],
  [
    'causal relative bias',
    (s, { q, k, select }) => select(q.ge(k), s.add(q.sub(k)), -Infinity),
    ({ s, q, k }) => (q >= k ? s + q - k : -Infinity),
  ],
  ['times two', (s) => s.mul(2), ({ s }) => s * 2],
  ['squared', (s) => s.mul(s), ({ s }) => s * s],
  [
    'a factor of each head',
    (s, { h, table }) => s.mul(table('perHead').at(h)),
    ({ s, h }) => s * read('perHead', h),
  ],
  ['silu', (s, { number }) => s.mul(number(1).div(s.neg().exp().add(1))), ({ s }) => s * sigmoid(s)],
  [
    'every second key',
    (s, { k, select }) => select(k.mod(2).eq(0), s, -Infinity),
    ({ s, k }) => (k % 2 === 0 ? s : -Infinity),
  ],
  [
    'a table of pairs',
    (s, { q, k, table }) => s.add(table('square').at(q, k)),
    ({ s, q, k }) => s + read('square', q, k),
  ],
  [
    'a table of the query',
    (s, { q, table }) => s.add(table('perRow').at(q)),
    ({ s, q }) => s + read('perRow', q),
  ],
  [
    'a table of the key',
    (s, { k, table }) => s.add(table('perRow').at(k)),
    ({ s, k }) => s + read('perRow', k),
  ],
  [
    'a table read at another',
    (s, { b, k, table, integers }) => s.add(table('perRow').at(integers('shift').at(b).add(k).mod(N))),
    ({ s, b, k }) => s + read('perRow', (read('shift', b) + k) % N),
  ],
  [
    'documents, causal',
    (s, { q, k, integers, select }) =>
      select(q.ge(k).and(integers('documents').at(q).eq(integers('documents').at(k))), s, -Infinity),
    ({ s, q, k }) => (q >= k && read('documents', q) === read('documents', k) ? s : -Infinity),
  ],
  [
    'both ways before a position, causal behind it',
    (s, { b, q, k, integers, select }) => select(k.lt(integers('shift').at(b)).or(q.ge(k)), s, -Infinity),
    ({ s, b, q, k }) => (k < read('shift', b) || q >= k ? s : -Infinity),
  ],
  [
    'a neighbourhood of two dimensions',
    (s, { q, k, select }) =>
      select(
        q
          .div(4)
          .sub(k.div(4))
          .abs()
          .le(1)
          .and(q.mod(4).sub(k.mod(4)).abs().le(1)),
        s,
        -Infinity,
      ),
    ({ s, q, k }) =>
      Math.abs(Math.floor(q / 4) - Math.floor(k / 4)) <= 1 && Math.abs((q % 4) - (k % 4)) <= 1
        ? s
        : -Infinity,
  ],
  [
    'one function after another',
    (s, { q, k }) => s.mul(2).add(q.sub(k)).softcap(5),
    ({ s, q, k }) => 5 * Math.tanh((2 * s + q - k) / 5),
  ],
  [
    'sines, cosines and tangents',
    (s, { b }) => s.cos().sin().add(b.sin().div(b.cos())),
    ({ s, b }) => Math.sin(Math.cos(s)) + Math.tan(b),
  ],
  [
    'sines and cosines of one score',
    (s, { b }) => s.cos().mul(s.sin()).add(b.sin().div(b.cos())),
    ({ s, b }) => Math.cos(s) * Math.sin(s) + Math.tan(b),
  ],
  ['log(eˢ + 1)', (s) => s.exp().add(1).log(), ({ s }) => Math.log(Math.exp(s) + 1)],
])('%s', (_, build, plain) => {
  const valueOf = scoreFunction(score(build).tree, TABLES);
  for (let b = 0; b < BATCH; b++) {
    for (let h = 0; h < HEADS; h++) {
      for (let at = 0; at < N * N; at++) {
        const pair = { s: random() / 2 ** 30 - 2, b, h, q: Math.floor(at / N), k: at % N };
        const expected = plain(pair);
        if (Number.isFinite(expected)) expect(valueOf(pair)).toBeCloseTo(expected, 12);
        else expect(valueOf(pair)).toBe(expected);
      }
    }
  }
});
