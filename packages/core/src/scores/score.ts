/** Scores: functions of the score of a pair of positions, as values that backends compile. */
import { AttnError, show } from '../errors.ts';
import { buildFormula, type FormulaLanguage } from '../patterns/formula.ts';
import { canonicalJson, hashText, type Json } from '../util/json-value.ts';
import {
  checkScoreTree,
  invalidScore,
  isTable,
  scoreOperands,
  type ScoreNode,
  type ScoreTest,
} from './score-tree.ts';
import {
  described,
  SCORE_VARIABLES,
  ScoreCondition,
  scoreVariable,
  ScoreValue,
  standInFor,
  type ScoreVariables,
} from './score-terms.ts';
import { positionalRefused, resultRefused, SCORE_OWNER, writtenScore } from './score-words.ts';

/** A function of the score s of a pair, and of what it depends on. */
export type ScoreFunction = (s: ScoreValue, variables: ScoreVariables) => ScoreValue;

/** How a score reads a table. */
export interface TableUse {
  /** Number of axes. */
  readonly rank: number;
  /** Whether its elements are integers, i32; floats otherwise. */
  readonly isInteger: boolean;
}

/** A score's expression: immutable data. `score` makes one. */
export class Score {
  readonly tree: ScoreNode;
  /** Equal for equal trees. */
  readonly key: string;
  /** The tables that it reads, by name. */
  readonly tables: Readonly<Record<string, TableUse>>;

  /** @param tree a checked tree */
  constructor(tree: ScoreNode) {
    this.tree = tree;
    this.key = hashText(canonicalJson(tree));
    this.tables = tablesOf(tree);
    Object.freeze(this);
  }

  /** The tree, which `score` reads. */
  toJSON(): Json {
    return this.tree;
  }
}

/** Whether a value is a score. */
export function isScore(value: unknown): value is Score {
  return value instanceof Score;
}

const LANGUAGE: FormulaLanguage<ScoreFunction, ScoreValue> = {
  owner: SCORE_OWNER,
  call: (build) => build(scoreVariable(), SCORE_VARIABLES),
  checkResult(result) {
    if (result instanceof ScoreValue) return result;
    if (result instanceof ScoreCondition)
      throw invalidScore(
        "score's function to return a number, such as select(q.ge(k), s, -Infinity)",
        described(result),
      );
    throw resultRefused(result);
  },
  isNumeric: (expression) => expression instanceof ScoreValue,
  standIn: standInFor,
  write: (expression) =>
    expression instanceof ScoreValue || expression instanceof ScoreCondition
      ? writtenScore(expression.node)
      : '',
};

/**
 * What attention makes of the score of a pair, for its option `score`. The function gets the score `s`,
 * which is scale · q·k, and the variables `b`, `h`, `q`, `k`, `table`, `integers`, `number` and `select`
 * (`ScoreVariables`). It builds an expression by the methods of `ScoreValue`; it is called several times,
 * to check that it only builds. Nested lists are the JSON form.
 *
 * A result of −∞ hides the pair; a row that has nothing else gives out 0 and lse −∞. Tables are read within
 * their bounds: an index beyond them is moved to the nearest element. All else follows IEEE arithmetic:
 * comparisons with NaN are false (`ne` is true), and `min`, `max` of NaN are NaN.
 *
 * Make a score once and use it in many calls. Its tables are data of each call: other contents plan and
 * compile nothing again.
 *
 * Errors: `INVALID_ARGUMENT` for JavaScript's operators (`q - k`, `a ? b : c`), with the method to write
 * instead; for a function of more parameters, an unknown variable or method, or a result that is no score.
 *
 * @example
 * const alibi = score((s, { h, q, k, table }) => s.sub(table('slopes').at(h).mul(q.sub(k).abs())));
 * const call = attention({ q, k, v, score: alibi, tables: { slopes: f32([2], [0.5, 0.25]) } });
 */
export function score(expression: ScoreFunction | Json): Score {
  if (typeof expression !== 'function') return new Score(readTree(expression));
  if (expression.length > 2) throw positionalRefused(expression.length);
  return new Score(checkScoreTree(buildFormula(LANGUAGE, expression).node));
}

/** Checks JSON; an object that cannot be read is none. Errors: `INVALID_ARGUMENT`. */
function readTree(json: Json): ScoreNode {
  try {
    return checkScoreTree(json);
  } catch (cause) {
    if (cause instanceof AttnError) throw cause;
    throw invalidScore("the score's expression to be JSON", show(json), { cause });
  }
}

function tablesOf(tree: ScoreNode): Readonly<Record<string, TableUse>> {
  const tables: Record<string, TableUse> = {};
  const visit = (node: ScoreNode | ScoreTest): void => {
    if (isTable(node)) {
      const [kind, name, ...index] = node;
      const use = { rank: index.length, isInteger: kind === 'integers' };
      const other = tables[name] ?? use;
      if (other.rank !== use.rank || other.isInteger !== use.isInteger)
        throw new AttnError(
          'INVALID_ARGUMENT',
          'core/score',
          `the table ${show(name)} must be read in one way, got ${wayOf(other)} and ${wayOf(use)}`,
        );
      tables[name] = use;
    }
    scoreOperands(node).forEach(visit);
  };
  visit(tree);
  return Object.freeze(tables);
}

function wayOf({ rank, isInteger }: TableUse): string {
  return `${isInteger ? 'integers' : 'floats'} of ${rank} axes`;
}
