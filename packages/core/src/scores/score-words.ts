/** Errors of functions that build scores: each names the method to write instead of an operator. */
import { show, type AttnError } from '../errors.ts';
import { COMPARISON } from '../patterns/expression-tree.ts';
import type { FormulaOwner } from '../patterns/formula-words.ts';
import { invalidScore, type ScoreNode, type ScoreTest } from './score-tree.ts';

const VALUE_METHODS: readonly string[] =
  'add sub mul div mod min max neg abs exp log tanh sin cos clamp softcap float'
    .split(' ')
    .concat(Object.keys(COMPARISON));
const TEST_METHODS: readonly string[] = ['and', 'or', 'not'];

/** Functions of `score`. */
export const SCORE_OWNER: FormulaOwner = {
  name: "score's function",
  tables: "write table('name').at(k), and give the tensor to the call: tables: { name: tensor }",
  choice: 'select(a, b, c), not a ? b : c',
  methods: `${VALUE_METHODS.join(', ')} of numbers, ${TEST_METHODS.join(', ')} of comparisons`,
  isMethod: (name) => VALUE_METHODS.includes(name) || TEST_METHODS.includes(name) || name === 'at',
  refuse: invalidScore,
};

/** The function takes its variables one by one, as FlexAttention's do. */
export function positionalRefused(length: number): AttnError {
  return invalidScore(
    "score's function to take the score and one object of variables (write (s, { b, h, q, k }) => …, not (score, b, h, q, k) => …)",
    `a function of ${length} parameters`,
  );
}

const OTHER_VARIABLES: Readonly<Record<string, string>> = {
  batch: 'b',
  head: 'h',
  query: 'q',
  q_idx: 'q',
  qIdx: 'q',
  key: 'k',
  kv_idx: 'k',
  kvIdx: 'k',
  tables: "table('name')",
};

/** The function asked for a variable that does not exist. */
export function variableRefused(name: string, names: readonly string[]): AttnError {
  const here = OTHER_VARIABLES[name];
  const hint = here === undefined ? '' : ` (write ${here}, not ${name})`;
  return invalidScore(`the variables of score's function to be ${names.join(', ')}${hint}`, show(name));
}

/** The function returned something that is no score. */
export function resultRefused(result: unknown): AttnError {
  const because =
    result === undefined
      ? ' (a function with braces needs the word return)'
      : result instanceof Promise
        ? ' at once (it must not be async)'
        : '';
  return invalidScore(`score's function to return a score such as s.mul(0.5)${because}`, show(result));
}

const LONGEST = 60;

/** Writes a tree as the code that builds it: `s.sub(q.sub(k).abs())`. Long trees are cut. */
export function writtenScore(node: ScoreNode | ScoreTest): string {
  const code = spell(node);
  return code.length > LONGEST ? `${code.slice(0, LONGEST)}…` : code;
}

function spell(node: ScoreNode | ScoreTest): string {
  if (typeof node !== 'object') return String(node);
  if (node[0] === 'table' || node[0] === 'integers') {
    const [kind, name, ...index] = node;
    return `${kind}('${name}').at(${index.map(spell).join(', ')})`;
  }
  const [name, ...operands] = node as readonly [string, ...(ScoreNode | ScoreTest)[]];
  const texts = operands.map(spell);
  return name === 'select'
    ? `select(${texts.join(', ')})`
    : `${texts[0]}.${name}(${texts.slice(1).join(', ')})`;
}
