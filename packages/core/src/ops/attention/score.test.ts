/** Scores beside the options of attention that say the same. */
import { describe, expect, test } from 'vitest';
import { causal } from '../../patterns/causal.ts';
import { full } from '../../patterns/full.ts';
import { score, type ScoreFunction } from '../../scores/score.ts';
import { mulberry32 } from '../../util/mulberry32.ts';
import type { ReferenceTensor } from '../op.ts';
import { attentionReference } from './reference.ts';
import type { AttentionAttributes } from './spec.ts';

const [batch, heads, n, dim] = [2, 3, 9, 4];
const random = mulberry32(7);
function numbers(...shape: readonly number[]): ReferenceTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Float64Array.from({ length: size }, () => random() / 2 ** 31 - 1) };
}
const qkv = {
  q: numbers(batch, heads, n, dim),
  k: numbers(batch, heads, n, dim),
  v: numbers(batch, heads, n, dim),
};

function run(
  inputs: Readonly<Record<string, ReferenceTensor>>,
  attributes: Partial<AttentionAttributes> = {},
): number[] {
  const results = attentionReference(
    { ...qkv, ...inputs },
    { pattern: causal(), returnLse: true, ...attributes },
  );
  return results.flatMap(({ data }) => [...data]);
}

const slopes = numbers(heads);
const relative = numbers(heads, 7);
const bias = numbers(batch, heads, n, n);

describe('a score equals the option', () => {
  test.each<
    [string, ScoreFunction, Record<string, ReferenceTensor>, Record<string, ReferenceTensor>, object]
  >([
    ['softcap', (s) => s.softcap(0.75), {}, {}, { softcap: 0.75 }],
    [
      'alibiSlopes',
      (s, { h, q, k, table }) => s.sub(table('t').at(h).mul(q.sub(k).abs())),
      { 'tables.t': slopes },
      { alibiSlopes: slopes },
      {},
    ],
    [
      'relativeBias',
      (s, { h, q, k, table }) => s.add(table('t').at(h, k.sub(q).add(3))),
      { 'tables.t': relative },
      { relativeBias: relative },
      {},
    ],
    [
      'bias',
      (s, { b, h, q, k, table }) => s.add(table('t').at(b, h, q, k)),
      { 'tables.t': bias },
      { bias },
      {},
    ],
    ['scale', (s) => s.mul(3), {}, {}, { scale: 1.5 }],
  ])('%s', (_, build, tables, inputs, options) => {
    const got = run(tables, { score: score(build) });
    run(inputs, options).forEach((expected, i) => expect(got[i]).toBeCloseTo(expected, 12));
  });

  test('a pattern, by −∞', () => {
    const own = score((s, { q, k, select }) => select(q.ge(k), s, -Infinity));
    const got = run({}, { pattern: full(), score: own });
    run({}).forEach((expected, i) => expect(got[i]).toBeCloseTo(expected, 12));
  });
});

test('a score comes after the soft cap and the biases', () => {
  const twice = score((s) => s.mul(2));
  const got = run({ bias, alibiSlopes: slopes }, { softcap: 0.75, score: twice });
  const composed = score((s, { b, h, q, k, table }) =>
    s
      .softcap(0.75)
      .add(table('bias').at(b, h, q, k))
      .sub(table('slopes').at(h).mul(q.sub(k).abs()))
      .mul(2),
  );
  const expected = run({ 'tables.bias': bias, 'tables.slopes': slopes }, { score: composed });
  got.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 12));
});

test('positions are in key coordinates', () => {
  const own = score((_s, { q, k, select }) => select(k.eq(q), 0, -Infinity));
  const [, lse] = attentionReference(
    { ...qkv, q: numbers(batch, heads, 2, dim) },
    { pattern: full(), score: own, queryOffset: 8, returnLse: true },
  );
  expect([...lse.data.subarray(0, 2)]).toEqual([0, -Infinity]);
});

test('a row that a score hides whole gives 0 and −∞', () => {
  const own = score((s, { q, select }) => select(q.eq(4), -Infinity, s));
  const [out, lse] = attentionReference(qkv, { pattern: full(), score: own, returnLse: true });
  expect([...out.data.subarray(4 * dim, 5 * dim)]).toEqual([0, 0, 0, 0]);
  expect(lse.data[4]).toBe(-Infinity);
  expect(lse.data[5]).toBeGreaterThan(-Infinity);
});
