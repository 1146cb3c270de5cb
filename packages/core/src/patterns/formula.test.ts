/** Formulas that JavaScript's operators would give another meaning are refused, and no others. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { failure } from './errors.testing.ts';
import type { BoolExpression, IntExpression, Variables } from './expression.ts';
import type { BoolNode, Comparison, IntNode } from './expression-tree.ts';
import { where, type WhereExpression } from './where.ts';

/** What JavaScript lets somebody write who does not know the methods: a formula as text. */
const wrong = (formula: string): string => {
  const make: unknown = new Function('where', `return ${formula}`);
  return typeof make === 'function' ? failure(() => where(make(where) as WhereExpression)) : '';
};

describe('operators', () => {
  test.each<[string, string, string]>([
    ['>=', '({ q, k }) => q >= k', 'q.ge(k) instead of >='],
    ['<', '({ q, k }) => q < k', 'q.lt(k) instead of <'],
    ['-', '({ q, k }) => q - k', 'q.sub(k) instead of -'],
    ['%', '({ q }) => q % 2', 'q.mod(k) instead of %'],
    ['unary -', '({ q }) => -q', 'q.sub(k) instead of -'],
    ['Math.abs', '({ q, k }) => Math.abs(q.sub(k)) < 2', 'q.abs() instead of Math.abs'],
    ['Math.min', '({ q, k }) => k.le(Math.min(q, 4))', 'q.min(k) instead of Math.min'],
    ['+', '({ q, k }) => k.le(q + 1)', 'q.add(k) instead of +'],
    ['== of a number', '({ q }) => q == 3', 'q.eq(k) instead of =='],
    ['!= of a number', '({ q }) => q != 3', 'q.ne(k) instead of !='],
    ['a template', '({ q, k }) => k.le(`${q}`)', 'q.eq(k) instead of `…`'],
    ['&', '({ q, k }) => q.ge(k) & k.ge(0)', 'a.and(b) instead of &'],
    ['|', '({ q, k }) => q.ge(k) | k.ge(0)', 'a.or(b) instead of |'],
    ['===', '({ q, k }) => q === k', 'write q.eq(k), q.ne(k) and a.not() instead of ===, !== and !'],
    ['!==', '({ q, k }) => q !== k', 'write q.eq(k), q.ne(k) and a.not() instead of ===, !== and !'],
    ['== of objects', '({ q, k }) => q == k', 'write q.eq(k)'],
    ['!', '({ q, k }) => !q.ge(k)', 'a.not() instead of ===, !== and !'],
    ['! before a method', '({ q, k }) => (!q.ge(k)).and(q.eq(k))', 'INVALID_PATTERN'],
    ['&&', '({ q, k }) => q.ge(k) && k.ge(0)', 'write a.and(b)'],
    ['|| of new conditions', '({ q, k }) => q.ge(k) || k.eq(0)', 'write a.or(b)'],
    [
      '|| of named conditions',
      '({ q, k }) => { const [causal, first] = [q.ge(k), k.eq(0)]; return causal || first; }',
      'write a.and(b), a.or(b)',
    ],
    ['|| below a method', '({ q, k }) => (q.ge(k) || k.eq(0)).and(k.lt(9))', 'write a.or(b)'],
    ['|| after a method', '({ q, k }) => q.ge(k).and(k.lt(9)) || k.eq(0)', 'write a.or(b)'],
    ['|| after ||', '({ q, k }) => q.eq(k) || q.eq(1) || k.eq(0)', 'write a.or(b)'],
    [
      '|| of a condition that is there already',
      '({ q, k }) => q.eq(k).or(k.eq(0) || q.eq(k).not())',
      'write a.or(b)',
    ],
    ['?:', '({ q, k }) => (q.ge(k) ? k.ge(2) : k.ge(5))', '?:'],
    [
      'if',
      '({ q, k }) => { if (q.ge(k)) return k.eq(1); return k.eq(2); }',
      'its result does not contain it',
    ],
  ])('%s', (_, formula, advice) => {
    const message = wrong(formula);
    expect(message).toMatch(/^INVALID_PATTERN /);
    expect(message).toContain(advice);
  });

  it('names the one that is written, not all that there are', () => {
    expect(wrong('({ q, k }) => q >= k')).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] where: JavaScript's operators do not build formulas: write q.ge(k) instead of >=, got "({ q, k }) => q >= k""`,
    );
    expect(wrong('({ q, k }) => q.ge(k) && k.ge(0)')).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] where: the formula builds ["ge", "q", "k"] and its result does not contain it: write a.and(b), a.or(b) and a.not() instead of &&, ||, ?: and !, which keep one of two conditions, and leave out what is not used"`,
    );
    expect(wrong('({ q, k }) => q.ge(k) || k.ge(0)')).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] where: the formula leaves out ["ge", "k", 0], the right side of ||: a condition is an object and counts as true, so write a.or(b)"`,
    );
    expect(wrong('({ q, k }) => !q.ge(k)')).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] where: the formula gave false, which is the same for all pairs: write q.eq(k), q.ne(k) and a.not() instead of ===, !== and !, which see objects; where(false) says that it is meant"`,
    );
  });

  it('are refused by TypeScript where it can see them', () => {
    // @ts-expect-error two variables are never the same object
    expect(failure(() => where(({ q, k }) => q === k))).toMatch(/^INVALID_PATTERN/);
    // @ts-expect-error two variables cannot be compared
    expect(failure(() => where(({ q, k }) => q >= k))).toMatch(/^INVALID_PATTERN/);
    // @ts-expect-error a boolean is no condition
    expect(failure(() => where(({ q, k }) => !q.ge(k)))).toMatch(/^INVALID_PATTERN/);
    // @ts-expect-error a function of one object
    expect(failure(() => where((q: IntExpression, k: IntExpression) => q.ge(k)))).toMatch(/^INVALID_PATTERN/);
    expect(wrong('({ query, k }) => query.le(k)')).toContain('there is no variable "query"');
  });

  it('is answered with the operation that is meant, in JSON', () => {
    expect(failure(() => where(['gte', 'q', 'k']))).toContain('(write "ge" for "gte")');
    expect(failure(() => where(['&&', true, true]))).toContain('(write "and" for "&&")');
    expect(failure(() => where(['eq', ['%', 'q', 2], 0]))).toContain('(write "mod" for "%")');
  });
});

/** The masks of attention-gym, and what they allow. Meta 2024, https://github.com/meta-pytorch/attention-gym */
type Mask = readonly [string, (variables: Variables) => BoolExpression, (q: number, k: number) => boolean];
const [width, height] = [6, 5];
const column = (x: IntExpression): IntExpression => x.mod(width);
const row = (x: IntExpression): IntExpression => x.div(width);
const near = (a: IntExpression, b: IntExpression, reach: number): BoolExpression => a.sub(b).abs().le(reach);
const documents = [0, 7, 12, 30];
const documentOf = (i: number): number => documents.findLastIndex((start) => start <= i);
const sameDocument = ({ q, k }: Variables): BoolExpression =>
  documents
    .slice(0, -1)
    .map((start, i) => q.ge(start).and(q.lt(documents[i + 1]), k.ge(start), k.lt(documents[i + 1])))
    .reduce((either, one) => either.or(one));
const clean = 15; // Block diffusion: the first half is noisy, the second clean.
const MASKS: readonly Mask[] = [
  ['causal', ({ q, k }) => q.ge(k), (q, k) => q >= k],
  ['sliding window', ({ q, k }) => q.sub(k).ge(0).and(q.sub(k).le(4)), (q, k) => q >= k && q - k <= 4],
  ['prefix LM', ({ q, k }) => k.lt(6).or(q.ge(k)), (q, k) => k < 6 || q >= k],
  [
    'dilated window',
    ({ q, k }) => near(q, k, 9).and(q.sub(k).mod(3).eq(0)),
    (q, k) => Math.abs(q - k) <= 9 && (q - k) % 3 === 0,
  ],
  ['documents', sameDocument, (q, k) => documentOf(q) === documentOf(k)],
  [
    'documents in a decoder',
    (variables) => sameDocument(variables).and(variables.k.le(variables.q)),
    (q, k) => documentOf(q) === documentOf(k) && k <= q,
  ],
  [
    'NATTEN 2-D',
    ({ q, k }) => near(column(q), column(k), 1).and(near(row(q), row(k), 1)),
    (q, k) =>
      Math.abs((q % width) - (k % width)) <= 1 &&
      Math.abs(Math.floor(q / width) - Math.floor(k / width)) <= 1,
  ],
  [
    'NATTEN whose window stays inside',
    ({ q, k }) =>
      near(
        column(q)
          .max(1)
          .min(width - 2),
        column(k),
        1,
      ).and(
        near(
          row(q)
            .max(1)
            .min(height - 2),
          row(k),
          1,
        ),
      ),
    (q, k) => {
      const inside = (x: number, size: number): number => Math.min(Math.max(x, 1), size - 2);
      return (
        Math.abs(inside(q % width, width) - (k % width)) <= 1 &&
        Math.abs(inside(Math.floor(q / width), height) - Math.floor(k / width)) <= 1
      );
    },
  ],
  [
    'tiled NATTEN',
    ({ q, k }) => near(column(q).div(2), column(k).div(2), 1).and(near(row(q).div(2), row(k).div(2), 0)),
    (q, k) =>
      Math.abs(Math.floor((q % width) / 2) - Math.floor((k % width) / 2)) <= 1 &&
      Math.floor(Math.floor(q / width) / 2) === Math.floor(Math.floor(k / width) / 2),
  ],
  [
    'block diffusion',
    ({ q, k }) => {
      const [blockOfQ, blockOfK] = [q.mod(clean).div(3), k.mod(clean).div(3)];
      const [isQClean, isKClean] = [q.ge(clean), k.ge(clean)];
      const own = blockOfQ.eq(blockOfK).and(isQClean.not(), isKClean.not());
      const offset = blockOfQ.gt(blockOfK).and(isQClean.not(), isKClean);
      const cleanPast = blockOfQ.ge(blockOfK).and(isQClean, isKClean);
      return own.or(offset, cleanPast);
    },
    (q, k) => {
      const [blockOfQ, blockOfK] = [Math.floor((q % clean) / 3), Math.floor((k % clean) / 3)];
      if (q < clean) return k < clean ? blockOfQ === blockOfK : blockOfQ > blockOfK;
      return k >= clean && blockOfQ >= blockOfK;
    },
  ],
  [
    'answers to a shared question',
    ({ q, k }) => k.le(q).and(k.lt(6).or(q.sub(6).div(8).eq(k.sub(6).div(8)))),
    (q, k) => k <= q && (k < 6 || Math.floor((q - 6) / 8) === Math.floor((k - 6) / 8)),
  ],
  ['flamingo', ({ q, k }) => k.div(5).eq(q.div(10)), (q, k) => Math.floor(k / 5) === Math.floor(q / 10)],
  [
    'SVG spatial',
    ({ q, k }) => k.lt(4).or(q.lt(4), near(q.sub(4).div(5), k.sub(4).div(5), 1)),
    (q, k) => k < 4 || q < 4 || Math.abs(Math.floor((q - 4) / 5) - Math.floor((k - 4) / 5)) <= 1,
  ],
  [
    'SVG temporal',
    ({ q, k }) => k.lt(4).or(q.lt(4), near(q.sub(4).mod(5), k.sub(4).mod(5), 1)),
    (q, k) => k < 4 || q < 4 || Math.abs(((q + 1) % 5) - ((k + 1) % 5)) <= 1,
  ],
];

describe('attention-gym', () => {
  test.each(MASKS)('%s', (_, formula, allows) => {
    const pattern = where(formula);
    for (let q = 0; q < 30; q++) {
      for (let k = 0; k < 30; k++) expect([q, k, pattern.allows(0, 0, q, k)]).toEqual([q, k, allows(q, k)]);
    }
  });

  /** Bits of positions in turn, which is how a Morton curve numbers the cells of a grid. */
  it('Morton order', () => {
    const coordinate = (x: IntExpression, bit: number): IntExpression =>
      [0, 1, 2].reduce(
        (sum, i) =>
          sum.add(
            x
              .div(2 ** (2 * i + bit))
              .mod(2)
              .mul(2 ** i),
          ),
        x.mul(0),
      );
    const pattern = where(({ q, k }) =>
      near(coordinate(q, 0), coordinate(k, 0), 1).and(near(coordinate(q, 1), coordinate(k, 1), 1)),
    );
    expect(pattern.allows(0, 0, 0b000000, 0b000011)).toBe(true);
    expect(pattern.allows(0, 0, 0b000000, 0b001100)).toBe(false);
  });
});

describe('no false alarm', () => {
  test.each<[string, (variables: Variables) => BoolExpression]>([
    ['a chain that is begun with nothing', ({ k }) => joined([1, 2, 3].map((i) => k.eq(i)))],
    ['a choice by an option', ({ q, k }) => (width > 3 ? q.ge(k) : q.eq(k))],
    ['a default', ({ q, k }) => q.sub(k).le(Number('') || 3)],
    [
      'a condition that is used twice',
      ({ q, k }) => ((causal) => causal.and(q.eq(1)).or(causal.not()))(q.ge(k)),
    ],
    [
      'a formula within a formula',
      ({ q, k }) => (where(({ q: p }) => p.ge(1)).key === '' ? q.eq(k) : q.ge(k)),
    ],
    ['constants as operands', ({ q, k }) => q.ge(k).and(true).or(false)],
    ['an optional method', ({ q, k }) => q?.ge(k)?.and(k?.ge(0))],
    ['a comment and a text with operators', ({ q, k }) => q.ge(k) /* && || === ! >= */],
  ])('%s', (_, formula) => {
    expect(failure(() => where(formula))).toBe('no error');
  });

  it('for a condition that was built elsewhere', () => {
    let causal: BoolExpression | undefined;
    where(({ q, k }) => (causal = q.ge(k)));
    expect(where(({ k }) => causal?.or(k.eq(0)) ?? k.eq(0)).allows(0, 0, 1, 2)).toBe(false);
  });

  it('for a formula of many conditions, which takes no longer for it', () => {
    const start = performance.now();
    expect(
      where(({ k }) => joined(Array.from({ length: 800 }, (_, i) => k.eq(2 * i)))).allows(0, 0, 0, 4),
    ).toBe(true);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

/** As people join conditions who have no first one. */
function joined(conditions: readonly BoolExpression[]): BoolExpression {
  let all: BoolExpression | undefined;
  for (const condition of conditions) all = all ? all.or(condition) : condition;
  if (all === undefined) throw new Error('no conditions');
  return all;
}

describe('random formulas', () => {
  const comparison = fc.tuple(
    fc.constantFrom<Comparison>('eq', 'ne', 'lt', 'le', 'gt', 'ge'),
    fc.constantFrom<IntNode>('q', 'k', ['sub', 'q', 'k'], ['add', 'k', 'q']),
    fc.integer({ min: -3, max: 9 }),
  );
  const { tree } = fc.letrec<{ tree: BoolNode }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      comparison,
      fc.tuple(fc.constantFrom('and' as const, 'or' as const), tie('tree'), tie('tree')),
      fc.tuple(fc.constant('not' as const), tie('tree')),
    ),
  }));

  type Built = BoolExpression | boolean;
  const method = (of: Built, name: 'and' | 'or' | 'not', ...others: Built[]): Built =>
    (of as BoolExpression)[name](...others);

  /** Builds a tree by methods; the operation of one number, counted from the leaves, by JavaScript instead. */
  const builder =
    (root: BoolNode, byJavaScript: number) =>
    ({ q, k }: Variables): BoolExpression => {
      let count = 0;
      const integer = (node: IntNode): IntExpression => {
        if (node === 'q' || node === 'k') return node === 'q' ? q : k;
        if (typeof node === 'object' && node[0] === 'sub') return q.sub(k);
        return k.add(q);
      };
      const build = (node: BoolNode): Built => {
        if (typeof node === 'boolean') return node;
        switch (node[0]) {
          case 'not': {
            const operand = build(node[1]);
            return count++ === byJavaScript ? !operand : method(operand, 'not');
          }
          case 'and': {
            const left = build(node[1]);
            return count++ === byJavaScript ? left && build(node[2]) : method(left, 'and', build(node[2]));
          }
          case 'or': {
            const left = build(node[1]);
            return count++ === byJavaScript ? left || build(node[2]) : method(left, 'or', build(node[2]));
          }
          default:
            return integer(node[1])[node[0]](Number(node[2]));
        }
      };
      return build(root) as BoolExpression;
    };

  it('mean what their tree means', () => {
    fc.assert(
      fc.property(tree, fc.nat(12), fc.nat(12), (root, q, k) => {
        expect(where(builder(root, -1)).allows(0, 0, q, k)).toBe(where(root).allows(0, 0, q, k));
      }),
      { numRuns: 200 },
    );
  });

  it('never mean something else with an operator of JavaScript', () => {
    fc.assert(
      fc.property(tree, fc.nat(3), (root, byJavaScript) => {
        const message = failure(() => where(builder(root, byJavaScript)));
        if (message !== 'no error') return;
        const [mixed, pure] = [where(builder(root, byJavaScript)), where(root)];
        for (let q = 0; q < 12; q++)
          for (let k = 0; k < 12; k++) expect(mixed.allows(0, 0, q, k)).toBe(pure.allows(0, 0, q, k));
      }),
      { numRuns: 1000 },
    );
  });
});
