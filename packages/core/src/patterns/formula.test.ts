import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failure } from './errors.testing.ts';
import { IntExpression, type BoolExpression, type Variables } from './expression.ts';
import { compileBool, reduceBool, type BoolNode, type IntNode } from './expression-tree.ts';
import { anyTree } from './expression-tree.testing.ts';
import { full } from './full.ts';
import type { FormulaFunction } from './where-function.ts';
import { where } from './where.ts';

/** A function without types, which would refuse its operators. */
const javaScript = (text: string): FormulaFunction =>
  new Function('list', `return ${text}`)([5, 5, 6]) as FormulaFunction;

const refusal = (text: string): string => failure(() => where(javaScript(text)));

it('names the operators that are written, and no others', () => {
  expect(refusal('({ q, k }) => q >= k')).toBe(
    "INVALID_PATTERN [attn/core] pattern: expected where's formula to call methods (write q.ge(k), not q >= k), got an operator on q",
  );
  expect(refusal('({ q, k }) => Math.abs(q - k) < 2')).toContain(
    '(write q.lt(k), not q < k; q.sub(k), not q - k; q.abs(), not Math.abs(q)), got',
  );
  expect(refusal('({ q, k }) => -q < k')).toContain('(write q.lt(k), not q < k; q.mul(-1), not -q), got');
  expect(refusal('({ q, k }) => k.le(q + 1)')).toContain('(write q.add(k), not q + k), got');
  // A formula that hides its operator in a helper gets the whole advice.
  expect(refusal('({ q, k }) => list.at.call([q], 0).ge(Number(k))')).toContain('q.mul(k), not q * k');
});

describe("JavaScript's operators are refused with the method to write", () => {
  it.each([
    ['q >= k', 'write q.ge(k), not q >= k'],
    ['q > k', 'q.gt(k), not q > k'],
    ['q <= k', 'q.le(k), not q <= k'],
    ['q < k', 'q.lt(k), not q < k'],
    ['q - k', 'q.sub(k), not q - k'],
    ['q * k', 'q.mul(k), not q * k'],
    ['q / 2 < k', 'q.div(2), not q / 2'],
    ['q % 2 === 0', 'q.mod(2), not q % 2'],
    ['-q', 'q.mul(-1), not -q'],
    ['Math.abs(q - k) < 2', 'q.sub(k), not q - k'],
    ['Math.abs(q.sub(k)) < 2', 'q.abs(), not Math.abs(q)), got an operator on q.sub(k)'],
    ['q + 1', 'q.add(k), not q + k'],
    ['q == 3', 'write q.eq(k), not q == k'],
    ['q != 3', 'q.ne(k), not q != k'],
    ['`${q}`', 'write segments({ ids }) for documents'],
    ['list[q] === list[k]', 'got list[q] or `${q}`'],
    ['q == k', 'write q.eq(k), not q === k'],
    ['q === k', 'write q.eq(k), not q === k'],
    ['q !== k', 'q.ne(k), not q !== k'],
    ['q.div(8) === k.div(8)', 'write q.eq(k), not q === k'],
    ['k.le(q) === true', 'write q.eq(k), not q === k'],
    ['!q.ge(k)', 'q.ge(k).not(), not !q.ge(k)'],
    ['true', 'the variables always and never for a constant), got true'],
    ['false', 'the variables always and never for a constant), got false'],
    ['q.ge(k) & k.ge(3)', 'write a.and(b), not a & b or a && b'],
    ['q.ge(k) | k.ge(3)', 'a.or(b), not a | b or a || b'],
    ['q.ge(k) && k.ge(3)', 'write a.and(b), not a && b'],
    ['q.ge(k) || k.ge(3)', 'a.or(b), not a || b'],
    ['never || k.ge(3)', 'a.or(b), not a || b'],
    ['q.ge(k) ? k.ge(3) : k.eq(0)', 'a.and(b).or(a.not().and(c)), not a ? b : c'],
    ['k.lt(9).and(q.ge(k) && k.ge(3))', 'got a function that decides by q.ge(k)'],
    ['k.lt(9).and(q.ge(k) || k.ge(3))', 'got a function that decides by q.ge(k)'],
    ['k.lt(9).and(q !== k)', 'expected and to be given a formula such as k.le(q) (write q.eq(k)'],
    ['k.lt(9).or(!q.ge(k))', 'expected or to be given a formula such as k.le(q) (write q.eq(k)'],
    ['k.lt(9).or(q.mod(2) === 0)', 'got false'],
    ['head === 0 || k.le(q)', 'write q.eq(k), not q === k'],
    ['head === 3 ? k.le(q) : k.ge(q)', 'got a function that decides by head'],
    ['q.mod(2) !== 0 && k.le(q)', 'got a function that decides by q.mod(2)'],
    ['q === k || k.lt(q)', 'write q.eq(k), not q === k'],
    ['q.div(8) === k.div(8) ? k.le(q) : k.eq(0)', 'write q.eq(k), not q === k'],
    ['q.le(k) === true ? k.le(q) : k.eq(0)', 'got a function that decides by q.le(k)'],
    ['k.le(q) ?? k.eq(0)', 'no error'], // It is never undefined, so the condition is harmless.
  ])('%s', (operators, instead) => {
    expect(refusal(`({ q, k, head, never }) => ${operators}`)).toContain(instead);
  });

  it('in statements, too', () => {
    const decides = 'got a function that decides by k.le(q)';
    expect(refusal('({ q, k }) => { const a = k.le(q); if (a) return a; return k.eq(0); }')).toMatch(decides);
    expect(refusal('({ q, k }) => { const a = k.le(q), b = k.eq(0); return a || b; }')).toMatch(decides);
    expect(refusal('({ q, k }) => { if (!k.le(q)) return k.eq(0); return k.eq(1); }')).toMatch(decides);
    expect(refusal('({ q, k }) => { if (q === k) return k.eq(0); return k.eq(1); }')).toMatch('not q === k');
    const nested = '(v) => { const near = ({ q, k }) => k.le(q) || k.eq(0); return near(v).and(v.k.lt(9)); }';
    expect(refusal(nested)).toMatch(decides);
  });

  it('in long formulas, too', () => {
    const loop = 'list.flatMap((i) => Array.from({ length: 40 }, (_, j) => k.eq(i + j)))';
    expect(refusal(`({ q, k }) => ${loop}.reduce((a, b) => a.or(b))`)).toBe('no error');
    expect(refusal(`({ q, k }) => ${loop}.reduce((a, b) => a || b)`)).toMatch('a.or(b), not a || b');
    expect(refusal(`({ q, k }) => ${loop}.reduce((a, b) => a && b)`)).toMatch('a.and(b), not a && b');
  });
});

describe('functions that are no formulas are refused', () => {
  it.each([
    [
      '(b, h, q, k) => q.ge(k)',
      'write ({ q, k, head, batch }) => …, not (b, h, q, k) => …), got a function of 4',
    ],
    ['(q, k) => q.ge(k)', 'to take one object of variables'],
    ['(q) => q.ge(3)', 'to take one object of variables'],
    [
      '({ i, j }) => i.ge(j)',
      'variables to be q, k, head, batch, always, never (write "q", not "i"), got "i"',
    ],
    ['({ q_idx }) => q_idx.ge(3)', '(write "q", not "q_idx")'],
    ['({ q, kv_idx }) => q.ge(kv_idx)', '(write "k", not "kv_idx")'],
    ['({ q, b }) => q.ge(b)', '(write "batch", not "b")'],
    ['({ q, position }) => q.ge(position)', 'got "position"'],
    ['({ q, k }) => q.lte(k)', '(write "le", not "lte"), got q.lte is not a function'],
    ['({ q, k }) => q.sub(k).times(2).ge(0)', '(write "mul", not "times")'],
    ['({ q, k }) => k.le(q).not().add(1)', 'got k.le(...).not(...).add is not a function'],
    ['({ q, k }) => q.and(k)', 'and, or, not of comparisons, got q.and is not a function'],
    ['({ q, k }) => { k.le(q); }', 'a function with braces needs the word return), got undefined'],
    ['({ q, k }) => 1', 'got 1'],
    ['({ q, k }) => q.mod(2)', 'such as q.mod(2).eq(0), got the integer q.mod(2)'],
    ['({ q, k }) => [k.le(q), k.ge(3)]', 'to return a formula such as k.le(q), got [{'],
    ['async ({ q, k }) => k.le(q)', 'at once (it must not be async), got a Promise'],
    ['async ({ q, k }) => k <= q', 'at once (it must not be async), got a Promise'],
    ['({ q, k }) => q.ge(0.5)', 'expected ge to be given an integer, such as 2 or q.sub(k), got 0.5'],
    [
      '({ q, k }) => q.ge(undefined)',
      'expected ge to be given an integer, such as 2 or q.sub(k), got undefined',
    ],
    ['({ q, k }) => q.ge(k.le(q))', 'got k.le(q), which is true or false'],
    ['({ q, k }) => q.ge(k).and(q)', 'expected and to be given a formula such as k.le(q), got the integer q'],
  ])('%s', (text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it('a pattern', () => {
    const formula: () => unknown = () => full();
    expect(failure(() => where(formula as FormulaFunction))).toContain('write and(where(…), causal())');
  });

  it('errors of the function itself go through as they are', () => {
    const mine = new RangeError('mine');
    const thrown = (): never => {
      throw mine;
    };
    expect(() => where(thrown)).toThrow(mine);
    expect(() => where(javaScript('({ q }) => list.inner.value'))).toThrow(TypeError);
    expect(() => where(javaScript('({ q }) => list.fetch()'))).toThrow('list.fetch is not a function');
  });

  it('types refuse what yields a boolean', () => {
    const typed = (...formulas: FormulaFunction[]): number => formulas.length;
    // @ts-expect-error a comparison of objects is a boolean
    typed(({ q, k }) => q >= k);
    // @ts-expect-error so is the negation of an object
    typed(({ q, k }) => !q.ge(k));
    // @ts-expect-error and the question whether two are the same
    typed(({ q, k }) => q === k);
    // @ts-expect-error which is no operand either
    typed(({ q, k }) => k.le(9).and(q !== k));
    // @ts-expect-error the variables come in one object
    typed((_b: IntExpression, _h: IntExpression, q: IntExpression, k: IntExpression) => q.ge(k));
  });
});

describe('no false alarm', () => {
  const near = ({ q, k }: Variables, reach: number): BoolExpression => q.sub(k).abs().le(reach);
  const outside = new IntExpression('k').le(new IntExpression('q'));
  const options = { causal: true, width: 0, sinks: [] as number[] };
  const shift = (x: IntExpression | number, by: number): IntExpression | number =>
    typeof x === 'number' ? x + by : x.add(by);
  const formulas: Readonly<Record<string, FormulaFunction>> = {
    'a helper that is not used': ({ q, k }) => {
      const distance = q.sub(k).abs();
      distance.le(3);
      return k.le(q);
    },
    'parts that are used several times': ({ q, k }) => {
      const past = k.le(q);
      return past.and(k.ge(3)).or(past.not().and(k.eq(0), past));
    },
    'not, again and again': ({ q, k }) => k.le(q).not().not().not(),
    'a loop from never': ({ k, never }) => options.sinks.reduce((sum, i) => sum.or(k.eq(i)), never),
    'a loop from always': ({ k, always }) => [1, 2].reduce((rest, i) => rest.and(k.ne(i)), always),
    'a constant': ({ always }) => always,
    'decisions by values of its own': (variables) => {
      const { q, k, never } = variables;
      const window = options.width === 0 ? never : near(variables, options.width);
      return options.causal && !options.width ? k.le(q).or(window) : near(variables, options.width || 64);
    },
    'an expression from outside': () => outside,
    'one from outside in one of its own': ({ k }) => outside.and(k.ge(3)),
    'a helper that asks for types': ({ q, k }) => k.le(shift(q, 3)).and(k.ge(shift(2, 1))),
    'a helper that takes numbers, too': ({ q, k }) => {
      const lift = (x: IntExpression | number) => (typeof x === 'number' ? new IntExpression(x) : x);
      return lift(q)
        .ge(lift(k))
        .and(lift(q).le(lift(9)));
    },
    'a helper that checks': ({ q, k }) => {
      const checked = (x: unknown): IntExpression => {
        if (x instanceof IntExpression) return x;
        throw new TypeError('no expression');
      };
      return checked(q)
        .ge(checked(k))
        .and(checked(q.sub(k)).le(checked(k.add(9))));
    },
    'a helper with a default': ({ q, k }) => {
      const apart = (a: IntExpression, b: IntExpression = k): IntExpression => a.sub(b);
      return apart(q).ge(apart(k, q));
    },
    'variables by their object': (v) => v.k.le(v.q),
    'the rest of the variables': ({ q, ...others }) => others.k.le(q),
    'another formula within': ({ q, k }) =>
      where((inner) => near(inner, 2)).allows(0, 0, 4, 4) ? k.le(q) : k.ge(q),
    dice: ({ k }) => k.eq(Math.floor(Math.random() * 2 ** 40)),
  };
  it.each(Object.entries(formulas))('%s', (_, formula) => {
    expect(failure(() => where(formula))).toBe('no error');
  });

  it('a function with a memory, which is empty the next time', () => {
    const stack = [1, 2, 3];
    const pattern = where(({ k, never }) => {
      let sum = never;
      while (stack.length > 0) sum = sum.or(k.eq(stack.pop() ?? 0));
      return sum;
    });
    expect([0, 1, 2, 3, 4].map((k) => pattern.allows(0, 0, 0, k))).toEqual([false, true, true, true, false]);
  });
});

/** A part of a tree, as methods build it. Part number `odd` uses JavaScript's operator instead. */
class Builder {
  private readonly variables: Variables;
  private readonly odd: number;
  private parts = 0;

  constructor(variables: Variables, odd: number) {
    this.variables = variables;
    this.odd = odd;
  }

  bool(node: BoolNode): BoolExpression {
    if (typeof node === 'boolean') return node ? this.variables.always : this.variables.never;
    const isOdd = this.parts++ === this.odd;
    switch (node[0]) {
      case 'not': {
        const a = this.bool(node[1]);
        return isOdd ? (!a as never) : a.not();
      }
      case 'and':
      case 'or': {
        const [name, first, ...rest] = node;
        const others = (): BoolExpression[] => rest.map((operand) => this.bool(operand));
        if (!isOdd)
          return name === 'and' ? this.bool(first).and(...others()) : this.bool(first).or(...others());
        return rest.reduce<BoolExpression>(
          (a, b) => (name === 'and' ? a && this.bool(b) : a || this.bool(b)),
          this.bool(first),
        );
      }
      default: {
        const [name, a, b] = [node[0], this.int(node[1]), this.int(node[2])];
        return isOdd ? (OPERATORS[name](a as never, b as never) as never) : a[name](b);
      }
    }
  }

  int(node: IntNode): IntExpression {
    if (typeof node === 'number') return new IntExpression(node);
    if (typeof node === 'string') return this.variables[node];
    const isOdd = this.parts++ === this.odd;
    if (node[0] === 'abs') {
      const a = this.int(node[1]);
      return isOdd ? (Math.abs(a as never) as never) : a.abs();
    }
    const [name, a, b] = [node[0], this.int(node[1]), this.int(node[2])];
    return isOdd ? (OPERATORS[name](a as never, b as never) as never) : a[name](b);
  }
}

const OPERATORS = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
  mod: (a: number, b: number) => a % b,
  min: (a: number, b: number) => Math.min(a, b),
  max: (a: number, b: number) => Math.max(a, b),
  eq: (a: number, b: number) => a === b,
  ne: (a: number, b: number) => a !== b,
  lt: (a: number, b: number) => a < b,
  le: (a: number, b: number) => a <= b,
  gt: (a: number, b: number) => a > b,
  ge: (a: number, b: number) => a >= b,
};

describe('any formula', () => {
  it('of methods is what the tree is', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        const pattern = where((variables) => new Builder(variables, -1).bool(tree));
        const plain = compileBool(reduceBool(tree, 1, 0));
        for (let q = 0; q < 5; q++) {
          for (let k = 0; k < 5; k++) expect(pattern.allows(0, 1, q, k)).toBe(plain(q, k));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("with one of JavaScript's operators is refused", () => {
    fc.assert(
      fc.property(
        anyTree.filter((tree) => typeof tree !== 'boolean'),
        fc.nat(),
        (tree, n) => {
          const count = JSON.stringify(tree).split('[').length - 1;
          const formula: FormulaFunction = (variables) => new Builder(variables, n % count).bool(tree);
          expect(failure(() => where(formula))).toMatch(/^INVALID_PATTERN .*, got /);
        },
      ),
      { numRuns: 500 },
    );
  });
});
