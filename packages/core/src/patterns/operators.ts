/** JavaScript's operators, which a formula cannot see, and the methods to write instead of them. */
import { nearestName } from '../nearest-name.ts';

/** What JavaScript asks an object for before it applies an operator: `Symbol.toPrimitive`'s hint. */
export type PrimitiveHint = 'number' | 'default' | 'string';

/** The method for each operator, by the hint with which JavaScript asks for the operands' values. */
const METHODS: Readonly<Record<PrimitiveHint, Readonly<Record<string, string>>>> = {
  number: {
    '<': 'q.lt(k)',
    '<=': 'q.le(k)',
    '>': 'q.gt(k)',
    '>=': 'q.ge(k)',
    '-': 'q.sub(k)',
    '*': 'q.mul(k)',
    '/': 'q.div(k)',
    '%': 'q.mod(k)',
    'Math.abs': 'q.abs()',
    'Math.min': 'q.min(k)',
    'Math.max': 'q.max(k)',
    'Math.floor': 'q.div(k)',
    '&': 'a.and(b)',
    '|': 'a.or(b)',
  },
  default: { '+': 'q.add(k)', '==': 'q.eq(k)', '!=': 'q.ne(k)' },
  string: { '`…`': 'q.eq(k)' },
};

/** Operations by the names that other languages and libraries have for them. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ...['===', '==', 'equal', 'equals'].map((name) => [name, 'eq'] as const),
  ...['!==', '!=', 'neq'].map((name) => [name, 'ne'] as const),
  ...['<', 'less'].map((name) => [name, 'lt'] as const),
  ...['<=', 'lte'].map((name) => [name, 'le'] as const),
  ...['>', 'greater'].map((name) => [name, 'gt'] as const),
  ...['>=', 'gte'].map((name) => [name, 'ge'] as const),
  ...['+', 'plus'].map((name) => [name, 'add'] as const),
  ...['-', 'minus', 'subtract'].map((name) => [name, 'sub'] as const),
  ...['*', 'times', 'multiply'].map((name) => [name, 'mul'] as const),
  ...['/', '//', 'divide'].map((name) => [name, 'div'] as const),
  ...['%', 'modulo', 'rem'].map((name) => [name, 'mod'] as const),
  ...['&&', '&'].map((name) => [name, 'and'] as const),
  ...['||', '|'].map((name) => [name, 'or'] as const),
  ['!', 'not'],
]);

/** `write q.ge(k) instead of >=`: the methods for those operators of the formula's text that ask with this hint. */
export function operatorAdvice(hint: PrimitiveHint, text: string): string {
  const methods = METHODS[hint];
  const symbols = symbolsOf(text);
  const written = Object.keys(methods).filter((operator) => symbols.has(operator));
  const operators = written.length > 0 ? written : Object.keys(methods);
  return `write ${operators.map((operator) => `${methods[operator]} instead of ${operator}`).join(', ')}`;
}

/** The operation that somebody probably meant by this name; undefined when none is like it. */
export function meantOperation(name: unknown, known: readonly string[]): string | undefined {
  // There is no xor, and it is no misspelt or.
  if (typeof name !== 'string' || name === 'xor') return undefined;
  return SPELLINGS.get(name) ?? nearestName(name, known);
}

/** Operators and functions of `Math` in a program's text. Arrows of functions are no operators. */
function symbolsOf(text: string): ReadonlySet<string> {
  return new Set(text.match(/=>|[=!]==|[=!<>]=|&&|\|\||[<>+*/%&|-]|Math\.\w+/g) ?? []);
}
