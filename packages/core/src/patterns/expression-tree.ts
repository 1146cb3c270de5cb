/**
 * Expressions as data: nested lists such as `["le", ["abs", ["sub", "q", "k"]], 256]`. This file says what a
 * tree means, checks it, and reduces it to one head and batch row, so that only `q` and `k` remain.
 */
import type { AttnError } from '../errors.ts';
import { nameHint } from './operation-names.ts';
import { invalidPattern } from './options.ts';
import { exact } from './progression.ts';
import { mod } from './runs.ts';

export type Variable = 'q' | 'k' | 'head' | 'batch';
export type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'mod' | 'min' | 'max';
export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/** A tree whose value is an integer. */
export type IntNode = number | Variable | readonly ['abs', IntNode] | readonly [Arithmetic, IntNode, IntNode];
/** A tree whose value is true or false. */
export type BoolNode =
  | boolean
  | readonly ['not', BoolNode]
  | readonly ['and' | 'or', ...BoolNode[]]
  | readonly [Comparison, IntNode, IntNode];

/** `div` and `mod` round towards −∞; everything saturates at ±(2⁵³ − 1). */
export const ARITHMETIC: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  add: (a, b) => exact(a + b),
  sub: (a, b) => exact(a - b),
  mul: (a, b) => exact(a * b),
  div: (a, b) => exact(Math.floor(a / b)),
  mod,
  min: Math.min,
  max: Math.max,
};

export const COMPARISON: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};

const VARIABLES: ReadonlySet<unknown> = new Set<Variable>(['q', 'k', 'head', 'batch']);
/** Deeper trees are refused, so that no input can exhaust the stack. */
export const DEEPEST = 64;

/** Larger trees are refused. A part that stands in several places counts in each of them. */
const MOST_NODES = 4096;

/** Counts the nodes of a tree; stops at the limit. Errors: `INVALID_PATTERN` for too many. */
export function sizeOf(tree: unknown, what?: string, refuse?: Refuse): number {
  const open = [tree];
  let nodes = 1;
  while (open.length > 0) {
    const next = open.pop();
    if (!Array.isArray(next)) continue;
    nodes = checkSize(nodes + Math.max(0, next.length - 1), what, refuse);
    for (let i = 1; i < next.length; i++) open.push(next[i]);
  }
  return nodes;
}

/** Makes the error `expected …, got …`. */
type Refuse = (expected: string, got: string) => AttnError;

/** Returns the number of nodes. Errors: `INVALID_PATTERN`, or that of `refuse`, for too many. */
export function checkSize(
  nodes: number,
  what = "where's expression",
  refuse: Refuse = invalidPattern,
): number {
  if (nodes <= MOST_NODES) return nodes;
  throw refuse(`${what} to have at most ${MOST_NODES} operations and operands`, `${nodes} or more`);
}

/** Checks an expression from JSON, or from a function. Errors: `INVALID_PATTERN`. */
export function checkExpression(value: unknown): BoolNode {
  sizeOf(value);
  return checkBool(value, 0);
}

function checkBool(value: unknown, depth: number): BoolNode {
  if (typeof value === 'boolean') return value;
  const [name, ...operands] = listOf(value, depth);
  if (name === 'not' && operands.length === 1) return ['not', checkBool(operands[0], depth + 1)];
  if ((name === 'and' || name === 'or') && operands.length > 0) {
    return [name, ...operands.map((operand) => checkBool(operand, depth + 1))];
  }
  if (isComparison(name) && operands.length === 2) {
    return [name, checkInt(operands[0], depth + 1), checkInt(operands[1], depth + 1)];
  }
  throw wrongTree('true or false, such as ["le", "k", "q"]', value);
}

function checkInt(value: unknown, depth: number): IntNode {
  if (isVariable(value)) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return exact(value);
  const [name, ...operands] = listOf(value, depth);
  if (name === 'abs' && operands.length === 1) return ['abs', checkInt(operands[0], depth + 1)];
  if (!isArithmetic(name) || operands.length !== 2) {
    throw wrongTree('an integer, such as ["sub", "q", "k"]', value);
  }
  const node: IntNode = [name, checkInt(operands[0], depth + 1), checkInt(operands[1], depth + 1)];
  if ((name === 'div' || name === 'mod') && (mentions(node[2], 'q') || mentions(node[2], 'k'))) {
    throw invalidPattern(`where's ${name} to divide by something that does not depend on q or k`, node);
  }
  return node;
}

/** The error of a wrong tree, or one of the other kind, with a hint at what it seems to mean. */
function wrongTree(kind: string, value: unknown): AttnError {
  const hint = Array.isArray(value)
    ? isVariable(value[0]) || typeof value[0] === 'number'
      ? ' (the name of the operation comes first)'
      : nameHint(value[0])
    : nameHint(value);
  return invalidPattern(`where to be given an expression that is ${kind}${hint}`, value);
}

function listOf(value: unknown, depth: number): readonly unknown[] {
  if (depth > DEEPEST) throw invalidPattern("where's expression to be nested", `more than ${DEEPEST} levels`);
  return Array.isArray(value) ? value : [];
}

/** Whether a tree contains a variable. */
export function mentions(node: BoolNode | IntNode, variable: Variable): boolean {
  return typeof node === 'object'
    ? operandsOf(node).some((operand) => mentions(operand, variable))
    : node === variable;
}

/** The operands of a tree. */
export function operandsOf(node: BoolNode | IntNode): readonly (BoolNode | IntNode)[] {
  if (typeof node !== 'object') return [];
  const [, ...operands] = node;
  return operands;
}

/** Reduces a tree to one head and batch row, with constant parts computed: only `q` and `k` remain. */
export function reduceBool(node: BoolNode, head: number, batch: number): BoolNode {
  if (typeof node === 'boolean') return node;
  switch (node[0]) {
    case 'not': {
      const operand = reduceBool(node[1], head, batch);
      return typeof operand === 'boolean' ? !operand : ['not', operand];
    }
    case 'and':
    case 'or': {
      const [name, ...operands] = node;
      const decisive = name === 'or';
      const undecided = operands
        .map((operand) => reduceBool(operand, head, batch))
        .filter((operand) => operand !== !decisive);
      if (undecided.length === 0) return !decisive;
      if (undecided.includes(decisive)) return decisive;
      return undecided.length === 1 ? undecided[0] : [name, ...undecided];
    }
    default: {
      const [name, a, b] = [node[0], reduceInt(node[1], head, batch), reduceInt(node[2], head, batch)];
      return typeof a === 'number' && typeof b === 'number' ? COMPARISON[name](a, b) : [name, a, b];
    }
  }
}

function reduceInt(node: IntNode, head: number, batch: number): IntNode {
  if (typeof node !== 'object') return node === 'head' ? head : node === 'batch' ? batch : node;
  if (node[0] === 'abs') {
    const operand = reduceInt(node[1], head, batch);
    return typeof operand === 'number' ? Math.abs(operand) : ['abs', operand];
  }
  const [name, a, b] = [node[0], reduceInt(node[1], head, batch), reduceInt(node[2], head, batch)];
  if ((name === 'div' || name === 'mod') && !(typeof b === 'number' && b > 0)) {
    throw invalidPattern(
      `where's ${name} to divide by a positive number in head ${head} and batch row ${batch}`,
      b,
    );
  }
  return typeof a === 'number' && typeof b === 'number' ? ARITHMETIC[name](a, b) : [name, a, b];
}

/** Compiles a reduced tree to nested functions of a pair of positions, so that no tree is walked per cell. */
export function compileBool(node: BoolNode): (q: number, k: number) => boolean {
  if (typeof node === 'boolean') return () => node;
  switch (node[0]) {
    case 'not': {
      const operand = compileBool(node[1]);
      return (q, k) => !operand(q, k);
    }
    case 'and':
    case 'or': {
      const [name, ...operands] = node;
      const values = operands.map(compileBool);
      return name === 'and'
        ? (q, k) => values.every((value) => value(q, k))
        : (q, k) => values.some((value) => value(q, k));
    }
    default: {
      const [compare, a, b] = [COMPARISON[node[0]], compileInt(node[1]), compileInt(node[2])];
      return (q, k) => compare(a(q, k), b(q, k));
    }
  }
}

/** Compiles a reduced tree to nested functions of a pair of positions. */
export function compileInt(node: IntNode): (q: number, k: number) => number {
  if (typeof node === 'number') return () => node;
  if (typeof node === 'string') return node === 'q' ? (q) => q : (_q, k) => k;
  if (node[0] === 'abs') {
    const operand = compileInt(node[1]);
    return (q, k) => Math.abs(operand(q, k));
  }
  const [compute, a, b] = [ARITHMETIC[node[0]], compileInt(node[1]), compileInt(node[2])];
  return (q, k) => compute(a(q, k), b(q, k));
}

function isVariable(value: unknown): value is Variable {
  return VARIABLES.has(value);
}

function isArithmetic(name: unknown): name is Arithmetic {
  return typeof name === 'string' && Object.hasOwn(ARITHMETIC, name);
}

export function isComparison(name: unknown): name is Comparison {
  return typeof name === 'string' && Object.hasOwn(COMPARISON, name);
}
