/** Selectors, ids, and that every id is what it promises: unique, deterministic, made to be pasted. */
import { OP_NAMES } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { caseId } from './case.ts';
import { allCases } from './cases/index.ts';
import { matches, selectCases } from './select.ts';

describe('matches', () => {
  test('a star is any text, a bare id is itself, nothing is everything', () => {
    expect(matches('attn:attention:*dilation*', 'attn:attention:window=64;dilation=2;n=200')).toBe(true);
    expect(matches('attn:attention:*dilation*', 'attn:attention:window=64;n=200')).toBe(false);
    expect(matches('attn:attention:full;n=1', 'attn:attention:full;n=1')).toBe(true);
    expect(matches('attn:attention:full;n=1', 'attn:attention:full;n=12')).toBe(false);
    expect(matches('', 'anything')).toBe(true);
    expect(matches('*', '')).toBe(true);
    expect(matches('a*b*c', 'aXbYbZc')).toBe(true);
    expect(matches('a*b*c', 'aXbYbZ')).toBe(false);
  });

  test('globs add up, exclamation marks take away', () => {
    expect(matches('attn:relu:* attn:tanh:*', 'attn:tanh:x=9')).toBe(true);
    expect(matches('attn:attention:* !*n=1000*', 'attn:attention:window=16;n=1000')).toBe(false);
    expect(matches('!*n=1000*', 'attn:attention:full;n=1')).toBe(true);
  });

  test('letters that mean something elsewhere mean themselves', () => {
    expect(matches('a.c', 'abc')).toBe(false);
    expect(matches('(a+b)&c', '(a+b)&c')).toBe(true);
  });
});

test('a selector that matches no case is an error', () => {
  expect(() => selectCases('attn:attention:*dilatoin*', allCases)).toThrow('expected a case to match');
});

test('an id lists the parameters that are given', () => {
  expect(caseId('attention', { window: 64, dilation: 2, n: 200 })).toBe(
    'attn:attention:window=64;dilation=2;n=200',
  );
  expect(caseId('linear', { x: '2x3', bias: undefined, fused: true, off: false, list: [1, 2] })).toBe(
    'attn:linear:x=2x3;fused;list=1,2',
  );
});

describe('the list of cases', () => {
  test('has unique ids without white space, and a sentence for each', () => {
    expect(new Set(allCases.map(({ id }) => id)).size).toBe(allCases.length);
    for (const { id, op, description } of allCases) {
      expect(id).toMatch(new RegExp(`^attn:${op}:\\S+$`));
      expect(description).toMatch(/^.{10,}\.$/);
    }
  });

  test('has a case for every op, and over 400 for attention', () => {
    for (const op of OP_NAMES)
      expect(allCases.filter((each) => each.op === op).length, op).toBeGreaterThan(4);
    expect(selectCases('attn:attention:*', allCases).length).toBeGreaterThan(400);
  });

  test('is deterministic: building a case twice gives the same bits', () => {
    for (const { build } of allCases.filter((_, i) => i % 25 === 0)) {
      const [one, two] = [build(), build()];
      expect(one.inputs).toEqual(two.inputs);
      expect(one.again).toEqual(two.again);
      expect(one.graph.nodes.length).toBe(two.graph.nodes.length);
    }
  });

  test('feeds other numbers in the second run', () => {
    for (const { id, build } of allCases) {
      const { inputs, again } = build();
      const isFixed =
        /data=(ones|zeros)/.test(id) || Object.values(inputs).every(({ data }) => data.length < 4);
      if (!isFixed) expect(JSON.stringify(again), id).not.toBe(JSON.stringify(inputs));
    }
  });
});
