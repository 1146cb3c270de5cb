/**
 * Scores as data: nested lists such as `["sub", "s", ["mul", 0.5, ["abs", ["sub", "q", "k"]]]]`. This file
 * says what a tree means and checks it.
 *
 * A tree has nodes of three kinds. *Integers* have 32 bits, as positions have, and wrap around: the variables
 * b, h, q, k, tables of integers, whole constants, and what arithmetic makes of integers. *Numbers* are
 * floats: the score, tables of floats, other constants, and what has a number as an operand. *Tests* are true
 * or false. An integer beside a number becomes a number.
 */
import { AttnError, show } from '../errors.ts';
import { DEEPEST, isComparison, sizeOf, type Comparison } from '../patterns/expression-tree.ts';

/** Batch row, query head, position of the query, position of the key. */
export type IndexVariable = 'b' | 'h' | 'q' | 'k';

/** Functions of one integer. */
export type IntegerUnary = 'neg' | 'abs';
/** Functions of two integers. `div` and `mod` round towards −∞; their divisors are positive. */
export type IntegerBinary = 'add' | 'sub' | 'mul' | 'div' | 'mod' | 'min' | 'max';
/** Functions of one number. */
export type NumberUnary = 'neg' | 'abs' | 'exp' | 'log' | 'tanh' | 'sin' | 'cos';
/** Functions of two numbers. */
export type NumberBinary = 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max';

/** Constants that JSON has no numbers for. */
export type Infinite = 'Infinity' | '-Infinity';

/** A tree whose value is an integer or a number; `isInteger` says which. */
export type ScoreNode =
  | number
  | 's'
  | Infinite
  | IndexVariable
  | readonly [NumberUnary | IntegerUnary | 'float', ScoreNode]
  | readonly [IntegerBinary | NumberBinary, ScoreNode, ScoreNode]
  | readonly ['select', ScoreTest, ScoreNode, ScoreNode]
  | readonly ['table' | 'integers', string, ...ScoreNode[]];

/** A tree whose value is true or false. */
export type ScoreTest =
  | boolean
  | readonly ['not', ScoreTest]
  | readonly ['and' | 'or', ...ScoreTest[]]
  | readonly [Comparison, ScoreNode, ScoreNode];

export const INTEGER_UNARY: readonly IntegerUnary[] = ['neg', 'abs'];
export const INTEGER_BINARY: readonly IntegerBinary[] = ['add', 'sub', 'mul', 'div', 'mod', 'min', 'max'];
export const NUMBER_UNARY: readonly NumberUnary[] = ['neg', 'abs', 'exp', 'log', 'tanh', 'sin', 'cos'];
export const NUMBER_BINARY: readonly NumberBinary[] = ['add', 'sub', 'mul', 'div', 'min', 'max'];

const INDICES: ReadonlySet<unknown> = new Set<IndexVariable>(['b', 'h', 'q', 'k']);
const LEAVES: ReadonlySet<unknown> = new Set(['s', 'Infinity', '-Infinity', ...INDICES]);

/** What errors call a tree. */
export const SCORE_TREE = "the score's expression";

/** The most axes of a table. */
export const MOST_TABLE_AXES = 4;

/** Names of tables: they are parts of names of inputs. */
const TABLE_NAME = /^[A-Za-z]\w{0,63}$/;

/** The error of a wrong score: `expected …, got …`. */
export function invalidScore(expected: string, got: string, options?: ErrorOptions): AttnError {
  return new AttnError('INVALID_ARGUMENT', 'core/score', `expected ${expected}, got ${got}`, options);
}

/** Whether a constant is an integer of 32 bits. */
export function isWhole(value: number): boolean {
  return (value | 0) === value;
}

const integers = new WeakMap<object, boolean>();

/** Whether the value of a tree is an integer; it is a number otherwise. */
export function isInteger(node: ScoreNode): boolean {
  if (typeof node === 'number') return isWhole(node);
  if (typeof node === 'string') return INDICES.has(node);
  let cached = integers.get(node);
  if (cached === undefined) {
    cached = isIntegerList(node);
    integers.set(node, cached);
  }
  return cached;
}

function isIntegerList(node: Exclude<ScoreNode, string | number>): boolean {
  switch (node[0]) {
    case 'table':
    case 'float':
    case 'exp':
    case 'log':
    case 'tanh':
    case 'sin':
    case 'cos':
      return false;
    case 'integers':
      return true;
    case 'select':
      return isInteger(node[2]) && isInteger(node[3]);
    case 'neg':
    case 'abs':
      return isInteger(node[1]);
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'mod':
    case 'min':
    case 'max':
      return isInteger(node[1]) && isInteger(node[2]);
    default:
      return node satisfies never;
  }
}

/** The operands of a tree that are trees. */
export function scoreOperands(node: ScoreNode | ScoreTest): readonly (ScoreNode | ScoreTest)[] {
  if (typeof node !== 'object') return [];
  if (isTable(node)) {
    const [, , ...index] = node;
    return index;
  }
  const [, ...operands] = node;
  return operands;
}

/** Whether a tree has a part for which the test holds. */
export function someScorePart(
  node: ScoreNode | ScoreTest,
  test: (part: ScoreNode | ScoreTest) => boolean,
): boolean {
  return test(node) || scoreOperands(node).some((operand) => someScorePart(operand, test));
}

/** Whether a tree varies along one of these, beside constants: the score, or an index. */
export function scoreDependsOn(
  node: ScoreNode | ScoreTest,
  ...names: readonly ('s' | IndexVariable)[]
): boolean {
  return someScorePart(node, (part) => (names as readonly unknown[]).includes(part));
}

const TEST_NAMES: readonly unknown[] = ['not', 'and', 'or'];

/** Whether a part of a tree is a test. */
export function isTest(part: ScoreNode | ScoreTest): part is ScoreTest {
  return (
    typeof part === 'boolean' ||
    (typeof part === 'object' && (TEST_NAMES.includes(part[0]) || isComparison(part[0])))
  );
}

/** Checks a tree from JSON, or from a function. Errors: `INVALID_ARGUMENT`. */
export function checkScoreTree(value: unknown): ScoreNode {
  sizeOf(value, SCORE_TREE, invalidScore);
  return checkNode(value, 0);
}

function checkNode(value: unknown, depth: number): ScoreNode {
  if (LEAVES.has(value)) return value as ScoreNode;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const [name, ...operands] = listOf(value, depth);
  const [a, b, c] = operands;
  const below = (operand: unknown): ScoreNode => checkNode(operand, depth + 1);
  if (operands.length === 1 && isOneOf([...NUMBER_UNARY, 'float'] as const, name)) return [name, below(a)];
  if (operands.length === 2 && isOneOf(INTEGER_BINARY, name)) return checkBinary([name, below(a), below(b)]);
  if (operands.length === 3 && name === 'select')
    return ['select', checkTest(a, depth + 1), below(b), below(c)];
  if (operands.length > 0 && (name === 'table' || name === 'integers'))
    return checkTable([name, checkTableName(a), ...operands.slice(1).map(below)]);
  const hint = LEAVES.has(name) || typeof name === 'number' ? ' (the name of the operation comes first)' : '';
  throw invalidScore(
    `${SCORE_TREE} to be a number or an integer, such as ["mul", "s", 0.5]${hint}`,
    show(value),
  );
}

function checkTest(value: unknown, depth: number): ScoreTest {
  if (typeof value === 'boolean') return value;
  const [name, ...operands] = listOf(value, depth);
  if (name === 'not' && operands.length === 1) return ['not', checkTest(operands[0], depth + 1)];
  if ((name === 'and' || name === 'or') && operands.length > 0)
    return [name, ...operands.map((operand) => checkTest(operand, depth + 1))];
  if (isComparison(name) && operands.length === 2)
    return [name, checkNode(operands[0], depth + 1), checkNode(operands[1], depth + 1)];
  throw invalidScore('a test that is true or false, such as ["le", "k", "q"]', show(value));
}

type Binary = readonly [IntegerBinary, ScoreNode, ScoreNode];

/** Refuses a remainder of numbers, and integers divided by what only a run knows. */
export function checkBinary(node: Binary): Binary {
  const [name, a, b] = node;
  const isOfIntegers = isInteger(a) && isInteger(b);
  if (name === 'mod' && !isOfIntegers)
    throw invalidScore('mod to be given integers', show(isInteger(a) ? b : a));
  if (isOfIntegers && (name === 'div' || name === 'mod')) {
    const isFixed = !someScorePart(b, (part) => part === 'q' || part === 'k' || isTable(part));
    if (!isFixed)
      throw invalidScore(
        `${name} of integers to divide by something that does not depend on q, k or a table (write float() for a quotient of numbers)`,
        show(node),
      );
    if (typeof b === 'number' && b <= 0)
      throw invalidScore(`${name} of integers to divide by a positive number`, String(b));
  }
  return node;
}

/** A read of a table. */
export type TableNode = readonly ['table' | 'integers', string, ...ScoreNode[]];

/** Whether a part of a tree reads a table. */
export function isTable(part: ScoreNode | ScoreTest): part is TableNode {
  return typeof part === 'object' && (part[0] === 'table' || part[0] === 'integers');
}

/** Refuses too many axes, and places that are no integers. */
export function checkTable(node: TableNode): TableNode {
  const [, name, ...index] = node;
  if (index.length > MOST_TABLE_AXES)
    throw invalidScore(
      `the table ${show(name)} to be read at no more than ${MOST_TABLE_AXES} integers`,
      String(index.length),
    );
  const wrong = index.find((place) => !isInteger(place));
  if (wrong !== undefined)
    throw invalidScore(
      `the table ${show(name)} to be read at integers, such as ["sub", "q", "k"]`,
      show(wrong),
    );
  return node;
}

/** Returns the name of a table. Errors: `INVALID_ARGUMENT`. */
export function checkTableName(name: unknown): string {
  if (typeof name === 'string' && TABLE_NAME.test(name) && !(name in Object.prototype)) return name;
  throw invalidScore('a table to be named by at most 64 letters, digits and _, a letter first', show(name));
}

function listOf(value: unknown, depth: number): readonly unknown[] {
  if (depth > DEEPEST) throw invalidScore(`${SCORE_TREE} to be nested`, `more than ${DEEPEST} levels`);
  return Array.isArray(value) ? value : [];
}

function isOneOf<T extends string>(names: readonly T[], name: unknown): name is T {
  return (names as readonly unknown[]).includes(name);
}
