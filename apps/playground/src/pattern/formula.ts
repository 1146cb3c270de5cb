/**
 * Formulas as people write them, `k <= q && q - k < 256`, as the trees that `where` takes. They are parsed,
 * not
 * run: the page's policy forbids to make code out of texts.
 */
import jsep from 'jsep';

/** A tree of `where`: a variable, a constant, or a list of an operation and its operands. */
export type Tree = string | number | boolean | readonly [string, ...Tree[]];

/** A formula that cannot be read. The message says what was expected, and has the piece in it. */
export class FormulaError extends Error {}

const VARIABLES = new Set(['q', 'k', 'head', 'batch']);
const ARITHMETIC = new Map([
  ['+', 'add'],
  ['-', 'sub'],
  ['*', 'mul'],
  ['/', 'div'],
  ['%', 'mod'],
]);
const COMPARISON = new Map([
  ['==', 'eq'],
  ['===', 'eq'],
  ['!=', 'ne'],
  ['!==', 'ne'],
  ['<', 'lt'],
  ['<=', 'le'],
  ['>', 'gt'],
  ['>=', 'ge'],
]);
const LOGIC = new Map([
  ['&&', 'and'],
  ['&', 'and'],
  ['||', 'or'],
  ['|', 'or'],
]);
const FUNCTIONS = new Map([
  ['abs', 1],
  ['min', 2],
  ['max', 2],
]);

/**
 * Reads a formula of `q`, `k`, `head` and `batch` with + - * / % (rounding down), comparisons, `&&`, `||`,
 * `!`,
 * `a ? b : c`, `abs`, `min` and `max`. Errors: `FormulaError`.
 *
 * @example
 * parseFormula('k <= q && (q - k) % 2 == 0');
 */
export function parseFormula(text: string): Tree {
  let expression: jsep.Expression;
  try {
    expression = jsep(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormulaError(`expected a formula such as k <= q, got ${JSON.stringify(text)}: ${reason}`, {
      cause,
    });
  }
  return treeOf(expression);
}

function treeOf(node: jsep.Expression): Tree {
  switch (node.type) {
    case 'Identifier':
      return variableOf(String(node.name));
    case 'Literal': {
      const { value } = node;
      if (typeof value === 'boolean' || Number.isSafeInteger(value)) return value as number | boolean;
      throw new FormulaError(`expected an integer, got ${String(node.raw)}`);
    }
    case 'UnaryExpression':
      return unaryOf(String(node.operator), treeOf(node.argument as jsep.Expression));
    case 'BinaryExpression':
      return binaryOf(String(node.operator), node.left as jsep.Expression, node.right as jsep.Expression);
    case 'ConditionalExpression': {
      const test = treeOf(node.test as jsep.Expression);
      const [yes, no] = [
        treeOf(node.consequent as jsep.Expression),
        treeOf(node.alternate as jsep.Expression),
      ];
      return ['or', ['and', test, yes], ['and', ['not', test], no]];
    }
    case 'CallExpression':
      return callOf(node.callee as jsep.Expression, node.arguments as readonly jsep.Expression[]);
    default:
      throw new FormulaError(`expected one formula of q, k, head and batch, got ${describe(node)}`);
  }
}

function variableOf(name: string): Tree {
  if (VARIABLES.has(name)) return name;
  throw new FormulaError(`expected q, k, head or batch, got ${name}`);
}

function unaryOf(operator: string, operand: Tree): Tree {
  if (operator === '!') return ['not', operand];
  if (operator === '+') return operand;
  if (operator === '-') return typeof operand === 'number' ? -operand : ['mul', operand, -1];
  throw new FormulaError(`expected ! or -, got ${operator}`);
}

function binaryOf(operator: string, left: jsep.Expression, right: jsep.Expression): Tree {
  const name = ARITHMETIC.get(operator) ?? COMPARISON.get(operator) ?? LOGIC.get(operator);
  if (name === undefined) throw new FormulaError(`expected + - * / % < <= > >= == != && ||, got ${operator}`);
  return [name, treeOf(left), treeOf(right)];
}

function callOf(callee: jsep.Expression, operands: readonly jsep.Expression[]): Tree {
  const name = callee.type === 'Identifier' ? String(callee.name) : describe(callee);
  const count = FUNCTIONS.get(name);
  if (count === undefined) throw new FormulaError(`expected abs, min or max, got ${name}`);
  if (operands.length !== count)
    throw new FormulaError(`expected ${count} operands of ${name}, got ${operands.length}`);
  return [name, ...operands.map(treeOf)];
}

function describe(node: jsep.Expression): string {
  return node.type === 'Compound' ? 'several' : node.type;
}
