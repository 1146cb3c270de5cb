import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverageByCells, EXAMPLE_SIZES } from './examples.testing.ts';
import { failure } from './errors.testing.ts';
import { anyTree } from './expression-tree.testing.ts';
import type { Json } from '../util/json-value.ts';
import { anyPlace, checkClassify, checkSignature, checkVariant } from './properties.testing.ts';
import { slidingWindow } from './sliding-window.ts';
import { where, type WhereExpression } from './where.ts';

describe('any expression', () => {
  it('is classified as its cells say, has sound signatures and variants', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        const pattern = where(tree);
        checkClassify({ pattern, exact: 'not promised' }, 10);
        checkSignature(pattern, 10);
        checkVariant(pattern, 0, 12);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a window spelled as an expression', () => {
  const spellings: readonly WhereExpression[] = [
    ({ q, k }) => k.sub(q).abs().le(12).and(k.sub(q).mod(3).eq(0)),
    ({ q, k }) => k.sub(q).ge(-12).and(q.sub(k).ge(-12), q.sub(k).mod(3).eq(0)),
    ({ q, k }) =>
      q
        .sub(k)
        .mod(3)
        .ne(0)
        .or(q.gt(k.add(12)), q.lt(k.sub(12)))
        .not(),
    ['and', ['lt', ['abs', ['sub', 'k', 'q']], 13], ['eq', 0, ['mod', ['sub', 'q', 'k'], 3]]],
    ({ q, k }) =>
      k
        .mul(2)
        .le(q.mul(2).add(25))
        .and(k.mul(-2).lt(q.sub(13).mul(-2)), k.add(100).sub(q).mod(3).eq(1)),
  ];
  const window = slidingWindow({ before: 4, after: 4, dilation: 3 });

  it.each(spellings)('%# is decided as slidingWindow decides it', (spelling) => {
    const pattern = where(spelling);
    fc.assert(
      fc.property(anyPlace({ longest: 40 }), (place) => {
        expect(pattern.classify(...place)).toBe(window.classify(...place));
      }),
      { numRuns: 1000 },
    );
  });

  it('shares masks by offset, and asks for the order of a dilated window', () => {
    const pattern = where(spellings[0]);
    const tile = (start: number): { start: number; step: number; count: number } => ({
      start,
      step: 1,
      count: 64,
    });
    expect(pattern.signature(0, 0, tile(64), tile(0))).toBe(pattern.signature(0, 0, tile(164), tile(100)));
    expect(pattern.signature(0, 0, tile(64), tile(0))).not.toBe(pattern.signature(0, 0, tile(0), tile(64)));
    expect(pattern.hints(0, 0)).toEqual([{ modulus: 3 }]);
  });
});

describe('where', () => {
  const run = { start: 0, step: 1, count: 8 };

  it('decides strided runs by their residue', () => {
    const pattern = where(({ q, k }) => q.sub(k).mod(4).eq(0));
    const residue = (r: number): { start: number; step: number; count: number } => ({
      start: r,
      step: 4,
      count: 1000,
    });
    expect(pattern.classify(0, 0, residue(1), residue(5))).toBe('all');
    expect(pattern.classify(0, 0, residue(1), residue(2))).toBe('none');
  });

  it('sees residues that contradict each other', () => {
    const never = where(({ q, k }) => q.sub(k).mod(4).eq(1).and(q.sub(k).mod(2).eq(0)));
    const always = where(({ q, k }) => q.sub(k).mod(4).ne(1).or(q.sub(k).mod(2).ne(0)));
    expect(never.classify(0, 0, run, run)).toBe('none');
    expect(always.classify(0, 0, run, run)).toBe('all');
  });

  it('shares masks at equal places within a period', () => {
    const blocks = where(({ q, k }) => q.div(6).eq(k.div(6)));
    const tile = (start: number): typeof run => ({ ...run, start });
    expect(blocks.signature(0, 0, tile(0), tile(4))).toBe(blocks.signature(0, 0, tile(12), tile(16)));
    expect(blocks.signature(0, 0, tile(0), tile(4))).not.toBe(blocks.signature(0, 0, tile(4), tile(8)));
    expect(where(({ q, k }) => q.mul(k).mod(2).eq(0)).signature(0, 0, run, run)).toBeUndefined();
  });

  it('is worked out for each head, and heads of equal results share a plan', () => {
    const pattern = where(({ q, k, head }) => k.sub(q).abs().le(head.div(2).add(1).mul(8)));
    expect([0, 1, 2, 3].map((h) => pattern.allows(0, h, 0, 16))).toEqual([false, false, true, true]);
    expect(pattern.variant(0, 0)).toBe(pattern.variant(0, 1));
    expect(pattern.variant(0, 1)).not.toBe(pattern.variant(0, 2));
    const dilated = where(({ q, k, head }) => q.sub(k).mod(head.add(1)).eq(0));
    expect([0, 1, 2].map((h) => dilated.hints(0, h))).toEqual([[], [{ modulus: 2 }], [{ modulus: 3 }]]);
  });

  it('takes only a part of the heads or batch rows', () => {
    const pattern = where(({ head, batch }) => head.eq(1).and(batch.lt(1)));
    expect(pattern.classify(0, 1, run, run)).toBe('all');
    expect(pattern.classify(1, 1, run, run)).toBe('none');
    expect(pattern.variant(0, 0)).toBe(pattern.variant(1, 1));
  });

  it('rounds down and takes remainders from 0 on for negative positions, too', () => {
    const blocks = where(({ q, k }) =>
      q
        .div(4)
        .eq(k.div(4))
        .and(q.mod(4).le(k.mod(4))),
    );
    expect(blocks.allows(0, 0, -4, -1)).toBe(true);
    expect(blocks.allows(0, 0, -1, 0)).toBe(false);
  });

  it('stays sound where numbers leave the exact range', () => {
    const huge = where(({ q, k }) =>
      q
        .mul(2 ** 52)
        .mul(2 ** 52)
        .mul(2 ** 52)
        .add(k)
        .gt(0),
    );
    checkClassify({ pattern: huge, exact: 'not promised' }, 100);
    const square = where(({ q, k }) => q.mul(q).mul(q).mul(q).sub(k.mul(k).mul(k).mul(k)).mod(3).eq(0));
    const far = { start: 2 ** 30, step: 7, count: 9 };
    expect(square.classify(0, 0, far, far)).toBe(coverageByCells(square, 0, 0, far, far));
  });

  it('flattens chains, so that they are not deep', () => {
    const chain = Array.from({ length: 500 }, (_, i) => i);
    const pattern = where(({ k }) => chain.reduce((expression, i) => expression.or(k.eq(2 * i)), k.eq(1)));
    expect(pattern.allows(0, 0, 0, 998)).toBe(true);
    expect(pattern.allows(0, 0, 0, 999)).toBe(false);
  });

  it('refuses a tree of more than 4096 nodes before it does any work', () => {
    const repeated = <T>(value: T, twice: (value: T) => T): T =>
      Array.from({ length: 64 }).reduce<T>((doubled) => twice(doubled), value);
    const message =
      "INVALID_PATTERN [attn/core] pattern: expected where's expression to have at most 4096 operations and operands";
    expect(failure(() => where(({ q }) => repeated(q.add(0), (x) => x.add(x)).ge(0)))).toMatch(message);
    expect(failure(() => where(({ q }) => repeated(q.ge(0), (x) => x.or(x))))).toMatch(message);
    expect(failure(() => where(({ q }) => repeated(q.ge(0), (x) => x.or(x.not()))))).toMatch(message);
    const shared = repeated<Json>(true, (x) => ['and', x, x]);
    expect(failure(() => where(shared))).toMatch(message);
    // @ts-expect-error not JSON
    expect(failure(() => where(['and', shared, undefined]))).toMatch(message);
    expect(failure(() => where(['or', ...Array<boolean>(200_000).fill(true)]))).toMatch(
      `${message}, got "200001 or more"`,
    );
    expect(where(['or', ...Array<boolean>(4095).fill(true)]).allows(0, 0, 0, 0)).toBe(true);
  });

  it('refuses what it cannot mean', () => {
    // @ts-expect-error an integer is not a condition
    expect(failure(() => where(({ q }) => q))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected where's function to return a formula that is true or false, such as q.eq(0), got the integer q"`,
    );
    // @ts-expect-error nothing is returned
    expect(failure(() => where(() => {}))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected where's function to return a formula such as k.le(q) (a function with braces needs the word return), got undefined"`,
    );
    expect(failure(() => where(({ q, k }) => q.lt(k.add(0.5))))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected add to be given an integer, such as 2 or q.sub(k), got 0.5"`,
    );
    expect(failure(() => where(({ q, k }) => q.mod(k).eq(0)))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected where's mod to divide by something that does not depend on q or k, got ["mod", "q", "k"]"`,
    );
    expect(failure(() => where(({ q, k }) => q.sub(k).mod(0).eq(0)))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected where's mod to divide by a positive number in head 0 and batch row 0, got 0"`,
    );
    expect(failure(() => where(['le', 'k', 'query']))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected where to be given an expression that is an integer, such as ["sub", "q", "k"] (write "q", not "query"), got "query""`,
    );
    expect(failure(() => where(['xor', true, false]))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected where to be given an expression that is true or false, such as ["le", "k", "q"], got ["xor", true, false]"`,
    );
    const later = where(({ q, head }) => q.mod(head).eq(0));
    expect(failure(() => later.validate(EXAMPLE_SIZES))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected where's mod to divide by a positive number in head 0 and batch row 0, got 0"`,
    );
  });

  it.each([
    [['gte', 'q', 'k'], '(write "ge", not "gte")'],
    [['>=', 'q', 'k'], '(write "ge", not ">=")'],
    [['&&', true, ['le', 'k', 'q']], '(write "and", not "&&")'],
    [['not_equal', 'k', 'q'], '(write "ne", not "not_equal")'],
    [['le', ['%', 'q', 3], 1], '(write "mod", not "%")'],
    [['le', 'kv_idx', 'q'], '(write "k", not "kv_idx")'],
    [['q', '>=', 'k'], '(the name of the operation comes first)'],
    [['sub', 'q', 'k'], 'that is true or false, such as ["le", "k", "q"], got ["sub", "q", "k"]'],
    [['le', 'q'], 'that is true or false, such as ["le", "k", "q"], got ["le", "q"]'],
    ['q >= k', 'that is true or false, such as ["le", "k", "q"], got "q >= k"'],
  ])('names what %j means', (expression, message) => {
    expect(failure(() => where(expression))).toContain(message);
  });
});
