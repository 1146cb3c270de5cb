import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { causal } from '../../patterns/causal.ts';
import { or } from '../../patterns/combinators.ts';
import { full } from '../../patterns/full.ts';
import { globalTokens } from '../../patterns/global-tokens.ts';
import { slidingWindow } from '../../patterns/sliding-window.ts';
import type { ReferenceTensor } from '../op.ts';
import { reference } from '../ops.testing.ts';
import { attentionReference, attentionReferenceRows } from './reference.ts';
import type { AttentionAttributes } from './spec.ts';

// With q = 0 every visible key weighs the same, so that a row's output is the mean of the visible values.
const n = 4;
const q = reference([1, 1, n, 1], [0, 0, 0, 0]);
const k = reference([1, 1, n, 1], [1, 2, 3, 4]);
const v = reference([1, 1, n, 1], [1, 10, 100, 1000]);

function run(more: Record<string, ReferenceTensor> = {}, attributes: Partial<AttentionAttributes> = {}) {
  const inputs = { q, k, v, ...more };
  const [out, lse] = attentionReference(inputs, { pattern: full(), returnLse: true, ...attributes });
  return { out: [...out.data], lse: [...lse.data] };
}

const mean = (...values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('who is seen', () => {
  test('everybody', () => {
    const { out, lse } = run();
    out.forEach((value) => expect(value).toBeCloseTo(mean(1, 10, 100, 1000), 10));
    lse.forEach((value) => expect(value).toBeCloseTo(Math.log(4), 12));
  });

  test('by the pattern, at positions shifted by queryOffset', () => {
    expect(run({}, { pattern: causal() }).out.map(Math.round)).toEqual([1, 6, 37, 278]);
    expect(run({}, { pattern: causal(), queryOffset: -1 }).out.map(Math.round)).toEqual([0, 1, 6, 37]);
    const last = { q: reference([1, 1, 1, 1], [0]) };
    expect(run(last, { pattern: causal() }).out[0]).toBeCloseTo(mean(1, 10, 100, 1000), 10);
  });

  test('by keyMask and queryMask', () => {
    const { out, lse } = run({
      keyMask: reference([1, n], [1, 0, 1, 0]),
      queryMask: reference([1, n], [1, 1, 0, 1]),
    });
    expect(out).toEqual([50.5, 50.5, 0, 50.5]);
    expect(lse[2]).toBe(-Infinity);
  });

  test('nobody: 0 and −∞', () => {
    const none = { k: reference([1, 1, 0, 1], []), v: reference([1, 1, 0, 1], []) };
    expect(run(none)).toEqual({ out: [0, 0, 0, 0], lse: Array(4).fill(-Infinity) });
    expect(run({ keyMask: reference([1, n], [0, 0, 0, 0]) }).out).toEqual([0, 0, 0, 0]);
  });

  test('beside a sink, which takes its share of every row', () => {
    const { out, lse } = run({
      sinks: reference([1], [Math.log(6)]),
      keyMask: reference([1, n], [1, 1, 0, 0]),
      queryMask: reference([1, n], [1, 1, 1, 0]),
    });
    for (const value of out.slice(0, 3)) expect(value).toBeCloseTo(11 / 8, 12);
    for (const value of lse.slice(0, 3)) expect(value).toBeCloseTo(Math.log(8), 12);
    expect([out[3], lse[3]]).toEqual([0, Math.log(6)]);
  });

  test('keyLengths with any pattern', () => {
    expect(run({ keyLengths: reference([1], [2]) }).out).toEqual([5.5, 5.5, 5.5, 5.5]);
  });
});

describe('logits', () => {
  const unit = reference([1, 1, 1, 1], [1]);

  test('scale and softcap', () => {
    const weights = [1, 2, 3, 4].map((key) => Math.exp(5 * Math.tanh((2 * key) / 5)));
    const expected = weights.reduce((sum, w, i) => sum + w * v.data[i], 0) / weights.reduce((a, b) => a + b);
    expect(run({ q: unit }, { scale: 2, softcap: 5 }).out[0]).toBeCloseTo(expected, 10);
    expect(run({ q: unit }, { scale: 2, softcap: 5 }).lse[0]).toBeCloseTo(
      Math.log(weights.reduce((a, b) => a + b)),
      12,
    );
  });

  test('bias broadcasts and −∞ hides', () => {
    const bias = reference([1, n], [0, -Infinity, 0, -Infinity]);
    expect(run({ bias }).out).toEqual([50.5, 50.5, 50.5, 50.5]);
    const rows = reference([1, 1, n, 1], [0, 0, -Infinity, 0]);
    expect(run({ bias: rows }).lse[2]).toBe(-Infinity);
  });

  test('ALiBi lowers logits by distance', () => {
    const { lse } = run({ alibiSlopes: reference([1], [1]) });
    expect(lse[0]).toBeCloseTo(Math.log(1 + Math.exp(-1) + Math.exp(-2) + Math.exp(-3)), 12);
    expect(lse[1]).toBeCloseTo(Math.log(1 + 2 * Math.exp(-1) + Math.exp(-2)), 12);
  });

  test('the relative table is clamped', () => {
    const { lse } = run({ relativeBias: reference([1, 3], [1, 2, 3]) });
    expect(lse[0]).toBeCloseTo(Math.log(Math.exp(2) + 3 * Math.exp(3)), 12);
    expect(lse[3]).toBeCloseTo(Math.log(3 * Math.exp(1) + Math.exp(2)), 12);
  });

  test('large logits do not overflow', () => {
    const { out, lse } = run({ q: reference([1, 1, 1, 1], [1e6]) });
    expect([out[0], lse[0]]).toEqual([1000, 4e6]);
  });
});

describe('NaN', () => {
  test('in a key or value spoils the rows that see it and no others', () => {
    const pattern = causal();
    const spoiled = {
      k: reference([1, 1, n, 1], [1, 2, NaN, 4]),
      v: reference([1, 1, n, 1], [1, 10, NaN, 1000]),
    };
    for (const [name, value] of Object.entries(spoiled)) {
      expect(run({ [name]: value }, { pattern }).out.map(Number.isNaN)).toEqual([false, false, true, true]);
    }
  });

  test('of a hidden value does not enter', () => {
    const bias = reference([n], [0, 0, -Infinity, 0]);
    expect(run({ v: reference([1, 1, n, 1], [3, 3, NaN, 3]), bias }).out).toEqual([3, 3, 3, 3]);
  });
});

describe('global tokens', () => {
  const globals = {
    qGlobal: reference([1, 1, n, 1], [0, 0, 0, 0]),
    kGlobal: reference([1, 1, n, 1], [0, 0, 0, 0]),
    vGlobal: reference([1, 1, n, 1], [-1, -1, -1, -1]),
  };

  test('their rows use the projections of their own', () => {
    const pattern = or(slidingWindow({ before: 0, after: 0 }), globalTokens([1]));
    expect(run(globals, { pattern }).out).toEqual([5.5, -1, 55, 505]);
  });

  test('rows are matched by position', () => {
    const pattern = or(slidingWindow({ before: 0, after: 0 }), globalTokens([3]));
    const two = { q: reference([1, 1, 2, 1], [0, 0]), ...globals, qGlobal: reference([1, 1, 2, 1], [0, 0]) };
    expect(run(two, { pattern }).out).toEqual([550, -1]);
  });

  test('a mask of them works with any pattern', () => {
    const globalMask = reference([1, n], [0, 1, 0, 0]);
    expect(run({ ...globals, globalMask }, { pattern: slidingWindow({ before: 0, after: 0 }) }).out).toEqual([
      5.5, -1, 55, 505,
    ]);
  });
});

test('heads share keys in groups, and both layouts agree', () => {
  const [batch, heads, kvHeads, queries, keys, dim, valueDim] = [2, 4, 2, 3, 5, 2, 3];
  let seed = 1;
  const random = (shape: number[]) =>
    reference(
      shape,
      Array.from({ length: shape.reduce((a, b) => a * b) }, () => Math.sin(seed++)),
    );
  const bhnd = {
    q: random([batch, heads, queries, dim]),
    k: random([batch, kvHeads, keys, dim]),
    v: random([batch, kvHeads, keys, valueDim]),
  };
  const [out, lse] = attentionReference(bhnd, { pattern: causal(), returnLse: true });
  const bnhd = { q: swapHeads(bhnd.q), k: swapHeads(bhnd.k), v: swapHeads(bhnd.v) };
  const [swapped, sameLse] = attentionReference(bnhd, { pattern: causal(), returnLse: true, layout: 'bnhd' });
  expect(swapHeads(swapped)).toEqual(out);
  expect(sameLse).toEqual(lse);

  // Head 1 reads key/value head 0, head 2 reads 1.
  const single = (head: number) => {
    const part = (x: ReferenceTensor, h: number) => {
      const size = x.shape[2] * x.shape[3];
      return reference([1, 1, x.shape[2], x.shape[3]], x.data.subarray(h * size, (h + 1) * size));
    };
    const inputs = { q: part(bhnd.q, head), k: part(bhnd.k, head >> 1), v: part(bhnd.v, head >> 1) };
    return [...attentionReference(inputs, { pattern: causal() })[0].data];
  };
  const size = queries * valueDim;
  for (const head of [1, 2])
    expect([...out.data.subarray(head * size, (head + 1) * size)]).toEqual(single(head));

  const address = fc.record({ batch: fc.nat(batch - 1), head: fc.nat(heads - 1), row: fc.nat(queries - 1) });
  fc.assert(
    fc.property(fc.array(address, { maxLength: 5 }), (rows) => {
      const chosen = attentionReferenceRows(bhnd, { pattern: causal() }, rows);
      rows.forEach(({ batch: b, head, row }, i) => {
        const index = (b * heads + head) * queries + row;
        const expected = out.data.subarray(index * valueDim, (index + 1) * valueDim);
        expect(chosen.out.data.subarray(i * valueDim, (i + 1) * valueDim)).toEqual(expected);
        expect(chosen.lse.data[i]).toBe(lse.data[index]);
      });
    }),
  );
});

function swapHeads(x: ReferenceTensor): ReferenceTensor {
  const [b, outer, inner, d] = x.shape;
  const data = new Float64Array(x.data.length);
  for (let i = 0; i < x.data.length; i++) {
    const [z, y, w, c] = [
      i % d,
      Math.floor(i / d) % inner,
      Math.floor(i / d / inner) % outer,
      Math.floor(i / d / inner / outer),
    ];
    data[((c * inner + y) * outer + w) * d + z] = x.data[i];
  }
  return { shape: [b, inner, outer, d], data };
}
