/** Selectors and ids; every id is unique and deterministic, and can be pasted. */
import { OP_NAMES } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { caseId } from './case.ts';
import { allCases } from './cases/index.ts';
import { globsWithoutMatch, isInPart, matches, selectCases } from './select.ts';

test('every id is in exactly one part, and parts are of like size', () => {
  const ids = allCases.map(({ id }) => id);
  const parts = [0, 1, 2, 3].map((part) => ids.filter((id) => isInPart({ part, of: 4 }, id)));
  expect(parts.flat().toSorted()).toEqual(ids.toSorted());
  for (const part of parts) expect(part.length / ids.length).toBeCloseTo(0.25, 1);
});

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

  test('globs that match nothing are listed, those that take away as well', () => {
    const ids = ['attn:relu:x=3', 'attn:tanh:x=3'];
    expect(globsWithoutMatch('attn:relu:* !*x=3', ids)).toEqual([]);
    expect(globsWithoutMatch('attn:rleu:* attn:tanh:* !*x=4', ids)).toEqual(['attn:rleu:*', '*x=4']);
    expect(globsWithoutMatch('', ids)).toEqual([]);
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

/** Situations that have broken implementations before, with the selectors of the cases that try them. */
const EDGES: Readonly<Record<string, string>> = {
  'no global token at all': 'attn:attention:*globalMask=none;*',
  'another number of global tokens in each batch row': 'attn:attention:*globalMask=only:0|only:3,7,50|none*',
  'global tokens inside of a window': 'attn:attention:window=3+global=34,35,36;*',
  'masked global tokens': 'attn:attention:*globalMask=only:0,5|only:69;keyMask=not:0,69*',
  'a global token at the end': 'attn:attention:window=3+global=69;n=70*',
  'more global tokens than the window holds': 'attn:attention:window=3+global=0,1,2,3,4,5,6,7,8,9,10,11;*',
  'all tokens global': 'attn:attention:*globalMask=all*',
  'n < 2w': 'attn:attention:window=32;n=40*',
  'n = 2w': 'attn:attention:window=32;n=64*',
  'a window larger than n': 'attn:attention:window=1000;*',
  'a window of 0': 'attn:attention:window=0;*',
  'n is no multiple of the tile': 'attn:attention:*n=129*',
  'a fully masked row': 'attn:attention:*keyMask=tail:10|none|*',
  'everything masked': 'attn:attention:*keyMask=none*',
  'one token': 'attn:attention:full;n=1;*',
  'dilation with global tokens and causality': 'attn:attention:*dilation=2)+global=0)&causal*',
  'dilation per head': 'attn:attention:*dilation=1,1,2,4*',
  'logits of ±10⁴': 'attn:attention:*data=halves**16*',
  'a bias of −∞': 'attn:attention:*biasHoles=100*',
  'a negative query offset': 'attn:attention:*offset=-*',
  'no keys': 'attn:attention:*n=0;nq=3*',
  'a document of 16,384 tokens': 'attn:attention:*n=16384*',
  'NaN in padding': 'attn:attention:*keyMask=not:20,69;*NaN*',
};

describe('the list of cases', () => {
  for (const [edge, selector] of Object.entries(EDGES)) {
    test(`tries ${edge}`, () => expect(selectCases(selector, allCases)).not.toEqual([]));
  }

  test('has unique ids without white space, and a sentence for each', () => {
    expect(new Set(allCases.map(({ id }) => id)).size).toBe(allCases.length);
    for (const { id, op, description } of allCases) {
      expect(id).toMatch(new RegExp(`^attn:${op}:\\S+$`));
      expect(description).toMatch(/^.{10,}\.$/);
    }
  });

  test('has a case for every op, and over 400 for attention', () => {
    for (const op of OP_NAMES)
      expect(allCases.filter((item) => item.op === op).length, op).toBeGreaterThan(4);
    expect(selectCases('attn:attention:*', allCases).length).toBeGreaterThan(400);
  });

  test('is deterministic: building a case twice gives the same bits', () => {
    for (const { build } of allCases.filter((_, i) => i % 25 === 0)) {
      const [first, second] = [build(), build()];
      expect(first.inputs).toEqual(second.inputs);
      expect(first.again).toEqual(second.again);
      expect(first.graph.nodes.length).toBe(second.graph.nodes.length);
    }
  });

  test('feeds other numbers in the second run', () => {
    for (const { id, build } of allCases) {
      const { inputs, again } = build();
      const isFixed =
        /data=(ones|zeros)/.test(id) || Object.values(inputs).every(({ data }) => data.length < 4);
      const isOther = Object.entries(inputs).some(([name, { data }]) =>
        data.some((value, i) => !Object.is(value, again[name].data[i])),
      );
      if (!isFixed) expect(isOther, id).toBe(true);
    }
  });
});
