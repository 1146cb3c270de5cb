/** Errors of formulas that `where` refuses: each names the method to write instead of an operator. */
import { AttnError, show } from '../errors.ts';
import { ARITHMETIC, COMPARISON, type BoolNode, type IntNode } from './expression-tree.ts';
import { nameHere, nameHint } from './operation-names.ts';

/** The error of a formula: `expected …, got …`. `got` is a piece of code, so it stands without quotes. */
export function refusedFormula(expected: string, got: string, options?: ErrorOptions): AttnError {
  return new AttnError('INVALID_PATTERN', 'core/pattern', `expected ${expected}, got ${got}`, options);
}

/** Whose function it is that errors speak of. */
export interface FormulaOwner {
  /** `where's formula`. */
  readonly name: string;
  /** What to write instead of a value of a list at a variable. */
  readonly tables: string;
  /** What to write instead of `a ? b : c`. */
  readonly choice: string;
  /** The methods of expressions, for errors. */
  readonly methods: string;
  /** Whether an expression has a method of this name. */
  isMethod(name: string): boolean;
  /** The error `expected …, got …`. */
  refuse(expected: string, got: string, options?: ErrorOptions): AttnError;
}

const INTEGER_METHODS: readonly string[] = [...Object.keys(ARITHMETIC), 'abs', ...Object.keys(COMPARISON)];
const BOOL_METHODS: readonly string[] = ['and', 'or', 'not'];

function isMethod(name: string): boolean {
  return INTEGER_METHODS.includes(name) || BOOL_METHODS.includes(name);
}

/** Functions of `where`. */
export const WHERE_OWNER: FormulaOwner = {
  name: "where's formula",
  tables:
    'write segments({ ids }) for documents, globalTokens({ mask }) or blockSparse({ layout }) for tables',
  choice: 'a.and(b).or(a.not().and(c)), not a ? b : c',
  methods: `${INTEGER_METHODS.join(', ')} of integers, ${BOOL_METHODS.join(', ')} of comparisons`,
  isMethod,
  refuse: refusedFormula,
};

/** The operators that ask an integer for its value, and what to write instead of each. */
const ASKING: Readonly<
  Record<'number' | 'default', readonly (readonly [operator: RegExp, advice: string])[]>
> = {
  number: [
    [/[^=]>=/, 'q.ge(k), not q >= k'],
    [/[^=>]>(?![=>])/, 'q.gt(k), not q > k'],
    [/<=/, 'q.le(k), not q <= k'],
    [/<(?![=<])/, 'q.lt(k), not q < k'],
    [/[\w)\]]\s*-(?!-)/, 'q.sub(k), not q - k'],
    [/\*/, 'q.mul(k), not q * k'],
    [/\//, 'q.div(2), not q / 2'],
    [/%/, 'q.mod(2), not q % 2'],
    [/(?<![\w)\]]\s*)-(?!-)/, 'q.mul(-1), not -q'],
    [/Math\.abs/, 'q.abs(), not Math.abs(q)'],
    [/Math\.min/, 'q.min(k), not Math.min(q, k)'],
    [/Math\.max/, 'q.max(k), not Math.max(q, k)'],
    [/Math\.(?:floor|trunc)/, 'q.div(2), not Math.floor(q / 2)'],
  ],
  default: [
    [/[^=!]==[^=]/, 'q.eq(k), not q == k'],
    [/!=[^=]/, 'q.ne(k), not q != k'],
    [/\+/, 'q.add(k), not q + k'],
  ],
};

/** What to write instead of the operators in a formula's text; instead of all operators if it shows none. */
function insteadOfOperators(hint: string, text: string): string {
  const operators = ASKING[hint === 'number' ? 'number' : 'default'];
  const used = operators.filter(([operator]) => operator.test(text));
  return (used.length > 0 ? used : operators).map(([, advice]) => advice).join('; ');
}

/**
 * An operator asked an expression, `code`, for its value, in the way that `hint` says. `text`: that of the
 * formula.
 */
export function operatorRefused(
  code: string,
  isNumeric: boolean,
  hint: string,
  text: string,
  { name, tables, refuse }: FormulaOwner = WHERE_OWNER,
): AttnError {
  if (hint === 'string') {
    return refuse(
      `${name} to need no values of its variables, since it is built once for all positions (${tables})`,
      `list[${code}] or \`\${${code}}\``,
    );
  }
  const instead = isNumeric
    ? insteadOfOperators(hint, text)
    : 'a.and(b), not a & b or a && b; a.or(b), not a | b or a || b; a.not(), not !a';
  return refuse(`${name} to call methods (write ${instead})`, `an operator on ${code}`);
}

const CONSTANTS = 'the variables always and never for a constant';

/** JavaScript's `true` or `false` stands in place of a formula: it may be the value of `q === k`. */
export function booleanRefused(place: string, value: boolean): AttnError {
  const instead = `write q.eq(k), not q === k; q.ne(k), not q !== k; q.ge(k).not(), not !q.ge(k); ${CONSTANTS}`;
  return refusedFormula(`${place} a formula such as k.le(q) (${instead})`, String(value));
}

/** The function returned something that is no formula. */
export function resultRefused(result: unknown): AttnError {
  const place = "where's function to return";
  if (typeof result === 'boolean') return booleanRefused(place, result);
  const because =
    result === undefined
      ? ' (a function with braces needs the word return)'
      : result instanceof Promise
        ? ' at once (it must not be async)'
        : typeof result === 'object' && result !== null && 'allows' in result
          ? ' (write and(where(…), causal()) to combine it with a pattern)'
          : '';
  return refusedFormula(`${place} a formula such as k.le(q)${because}`, show(result));
}

/** The function returned an integer. */
export function integerRefused(node: IntNode): AttnError {
  const code = written(node);
  return refusedFormula(
    `where's function to return a formula that is true or false, such as ${code}.eq(0)`,
    `the integer ${code}`,
  );
}

/** The function decided by an expression, `code`, which has no value yet. */
export function branchRefused(
  { name, choice, refuse }: FormulaOwner,
  code: string,
  isNumeric: boolean,
): AttnError {
  const instead = isNumeric
    ? `q.eq(k), not q === k; q.ne(k), not q !== k; ${choice}`
    : `a.and(b), not a && b; a.or(b), not a || b; a.not(), not !a; ${choice}; never.or(a), not all ? all.or(a) : a`;
  return refuse(`${name} to call methods (write ${instead})`, `a function that decides by ${code}`);
}

/** The function compared expressions with one another: they are never the same object. */
export function identityRefused({ name, choice, refuse }: FormulaOwner): AttnError {
  return refuse(
    `${name} to call methods (write q.eq(k), not q === k; q.ne(k), not q !== k; ${choice})`,
    'a function that compares by === or !==',
  );
}

/** The function takes its variables one by one, as FlexAttention's do. */
export function positionalRefused(length: number): AttnError {
  return refusedFormula(
    "where's function to take one object of variables (write ({ q, k, head, batch }) => …, not (b, h, q, k) => …)",
    length === 1 ? 'a function that takes q or k itself' : `a function of ${length} parameters`,
  );
}

/** The function asked for a variable that does not exist. */
export function variableRefused(name: string, names: readonly string[]): AttnError {
  if (isMethod(name)) return positionalRefused(1);
  return refusedFormula(`where's variables to be ${names.join(', ')}${nameHint(name)}`, show(name));
}

/**
 * A better error than `q.lte is not a function`. Other errors, and those of methods that have nothing to do
 * with formulas, are the function's own and stay as they are.
 */
export function methodRefused(
  { name: owner, methods, isMethod: has, refuse }: FormulaOwner,
  error: unknown,
): unknown {
  const match = error instanceof TypeError && /[\w$.()]*\.([\w$]+) is not a function/.exec(error.message);
  if (!match) return error;
  const [text, name] = match;
  if (nameHere(name) === undefined && !has(name)) return error;
  return refuse(`${owner} to call its methods, ${methods}${nameHint(name)}`, text, {
    cause: error,
  });
}

const LONGEST = 60;

/** Writes a tree as the methods that build it: `k.le(q.add(3))`. Long trees are cut. */
export function written(node: IntNode | BoolNode): string {
  const code = spell(node);
  return code.length > LONGEST ? `${code.slice(0, LONGEST)}…` : code;
}

/** The whole text of a tree. `nameOf` calls variables otherwise. */
export function spell(node: IntNode | BoolNode, nameOf: (variable: string) => string = String): string {
  if (typeof node === 'string') return nameOf(node);
  if (typeof node !== 'object') return String(node);
  const [name, first, ...others] = node;
  return `${spell(first, nameOf)}.${name}(${others.map((other) => spell(other, nameOf)).join(', ')})`;
}
