import { where } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { formulaCode } from './formula-code.ts';
import { FormulaError, parseFormula } from './formula.ts';

test('a formula is the tree that where takes', () => {
  expect(parseFormula('k <= q && (q - k) % 2 == 0')).toEqual([
    'and',
    ['le', 'k', 'q'],
    ['eq', ['mod', ['sub', 'q', 'k'], 2], 0],
  ]);
});

/** Formulas, each with its meaning in JavaScript. */
const FORMULAS: readonly (readonly [string, (q: number, k: number, head: number) => boolean])[] = [
  ['k <= q && q - k < 4', (q, k) => k <= q && q - k < 4],
  ['q / 4 == k / 4 || q % 4 === k % 4', (q, k) => Math.floor(q / 4) === Math.floor(k / 4) || q % 4 === k % 4],
  ['!(k > q) & abs(q - k) != 2', (q, k) => k <= q && Math.abs(q - k) !== 2],
  ['head == 0 ? k <= q : k >= q', (q, k, head) => (head === 0 ? k <= q : k >= q)],
  ['min(q, k) >= 3 | max(q, k) < -(-2)', (q, k) => Math.min(q, k) >= 3 || Math.max(q, k) < 2],
  ['5 - k > q', (q, k) => 5 - k > q],
  ['3 < k', (_, k) => 3 < k],
  ['true && 2 * k + 1 != q', (q, k) => 2 * k + 1 !== q],
];

describe.each(FORMULAS)('%s', (text, meaning) => {
  const pairs = Array.from(
    { length: 2 * 9 * 9 },
    (_, i) => [i % 9, Math.floor(i / 9) % 9, Math.floor(i / 81)] as const,
  );
  const expected = pairs.map(([q, k, head]) => meaning(q, k, head));

  test('means what it says', () => {
    const pattern = where(parseFormula(text));
    expect(pairs.map(([q, k, head]) => pattern.allows(0, head, q, k))).toEqual(expected);
  });

  test('is the same as TypeScript', () => {
    const code = formulaCode(parseFormula(text));
    const formula = new Function('{ q, k, head, batch, always, never }', `return ${code}`);
    const pattern = where((variables) => formula(variables));
    expect(pairs.map(([q, k, head]) => pattern.allows(0, head, q, k))).toEqual(expected);
  });
});

test.each([
  ['q >', 'expected a formula'],
  ['', 'expected one formula'],
  ['q == x', 'expected q, k, head or batch, got x'],
  ['q ** 2 == k', 'got **'],
  ['q == 1.5', 'expected an integer, got 1.5'],
  ['fetch(q)', 'expected abs, min or max, got fetch'],
  ['min(q) == 1', 'expected 2 operands of min, got 1'],
  ['q.constructor', 'got MemberExpression'],
  ['this == q', 'got ThisExpression'],
  ['q = k', 'got'],
])('%j is refused', (text, message) => {
  const read = (): unknown => parseFormula(text);
  expect(read).toThrow(FormulaError);
  expect(read).toThrow(message);
});
