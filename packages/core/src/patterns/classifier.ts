/**
 * Decides an expression over rows of both sides in three-valued logic. Comparisons that are linear in a
 * function of the query and one of the key, such as "the distance is at most 256" or (q − k) mod 4 = 0,
 * become "a·u(q) + b·v(k) lies in a target". Those of one `and` about the same sum merge into one target. So
 * a window that is written as two comparisons is decided as exactly as `slidingWindow`.
 */
import { columnOf, multiplesOf, type Column, type Part, type TilePart } from './column.ts';
import { opposite } from './combinators.ts';
import { mentions, type BoolNode, type Comparison, type IntNode } from './expression-tree.ts';
import { valuesFrom, type Values } from './interval.ts';
import { differenceOf, linearForm, primitive, type LinearForm } from './linear-form.ts';
import type { Coverage } from './pattern.ts';
import { progressionCoverage, sumCoverage, type Progression, type Target } from './progression.ts';
import { gcd, mod } from './runs.ts';

type Classify = (q: Part, k: Part) => Coverage;

/** The values of a column over the rows of a plane, in their order. */
export type Table = (column: Column) => ArrayLike<number>;

/** A part of a formula. Tests of one `and` that are about the same sum are one test. */
export interface Test {
  readonly classify: Classify;
  /** The truth of single pairs, by their places in the tables; absent where it needs more than columns. */
  readonly cells?: (queries: Table, keys: Table) => (q: number, k: number) => boolean;
  /** A name of the mask of a tile: equal names mean equal masks. Undefined: there may be none like it. */
  readonly signature: (q: TilePart, k: TilePart) => string | undefined;
  /** All comparisons that are linear in columns. */
  readonly comparisons: readonly LinearTest[];
  /** This test is such a comparison. */
  readonly linear?: LinearTest;
}

/** a·u(query position) + b·v(key position) ∈ target, where the first factor that is not 0 is positive. */
export interface LinearTest {
  readonly q: Multiple;
  readonly k: Multiple;
  readonly target: Target;
}

/** `factor` times a column; the factor is 0 where there is none. */
export interface Multiple {
  readonly factor: number;
  readonly column: Column | undefined;
}

/** The three-valued version of a reduced tree. */
export function testOf(node: BoolNode): Test {
  return decide(node, false);
}

/** The test of a tree or, when `negated`, of its opposite: negation moves inwards until it turns ≤ into >. */
function decide(node: BoolNode, negated: boolean): Test {
  if (typeof node === 'boolean') {
    return constantTest(node !== negated);
  }
  switch (node[0]) {
    case 'not':
      return decide(node[1], !negated);
    case 'and':
    case 'or': {
      const [name, ...operands] = node;
      return (name === 'and') === !negated
        ? both(operands.map((operand) => decide(operand, negated)))
        : opposed(both(operands.map((operand) => decide(operand, !negated))));
    }
    default:
      return compare(negated ? NEGATION[node[0]] : node[0], node[1], node[2]);
  }
}

const NEGATION: Readonly<Record<Comparison, Comparison>> = {
  eq: 'ne',
  ne: 'eq',
  lt: 'ge',
  ge: 'lt',
  le: 'gt',
  gt: 'le',
};

function constantTest(holds: boolean): Test {
  const answer = holds ? 'all' : 'none';
  return { classify: () => answer, cells: () => () => holds, signature: () => answer, comparisons: [] };
}

function opposed({ classify, cells, signature, comparisons }: Test): Test {
  return {
    classify: (q, k) => opposite(classify(q, k)),
    signature,
    comparisons,
    ...(cells && {
      cells(queries, keys) {
        const holds = cells(queries, keys);
        return (q, k) => !holds(q, k);
      },
    }),
  };
}

/** The test that all of the tests pass, with those merged that can be. */
function both(tests: readonly Test[]): Test {
  const merged: Test[] = [];
  for (const test of tests) {
    const i = merged.findIndex((other) => intersect(other.linear, test.linear) !== undefined);
    const common = i < 0 ? undefined : intersect(merged[i].linear, test.linear);
    if (common === undefined) merged.push(test);
    else merged[i] = linearTest(common);
  }
  if (merged.length === 1) return merged[0];
  const classify: Classify = (q, k) => {
    let answer: Coverage = 'all';
    for (const test of merged) {
      const here = test.classify(q, k);
      if (here === 'none') return 'none';
      if (here === 'some') answer = 'some';
    }
    return answer;
  };
  const cells = merged.flatMap((test) => test.cells ?? []);
  return {
    classify,
    signature(q, k) {
      const parts = merged.map((test) => test.signature(q, k));
      return parts.includes(undefined) ? undefined : `(${parts.join(' ')})`;
    },
    comparisons: merged.flatMap((test) => test.comparisons),
    ...(cells.length === merged.length && {
      cells(queries, keys) {
        const all = cells.map((make) => make(queries, keys));
        return (q, k) => all.every((holds) => holds(q, k));
      },
    }),
  };
}

/** Merges two tests into one, if they are about the same sum and one modulus divides the other. */
function intersect(a: LinearTest | undefined, b: LinearTest | undefined): LinearTest | undefined {
  if (a === undefined || b === undefined || !isSame(a.q, b.q) || !isSame(a.k, b.k)) return undefined;
  const [fine, coarse] = a.target.modulus >= b.target.modulus ? [a.target, b.target] : [b.target, a.target];
  if (fine.modulus % coarse.modulus !== 0) return undefined;
  const agree = mod(fine.residue, coarse.modulus) === coarse.residue;
  const [low, high] = [
    Math.max(a.target.low, b.target.low),
    agree ? Math.min(a.target.high, b.target.high) : -Infinity,
  ];
  return { q: a.q, k: a.k, target: { ...fine, low, high } };
}

function isSame(a: Multiple, b: Multiple): boolean {
  return a.factor === b.factor && a.column?.name === b.column?.name;
}

function linearTest(linear: LinearTest): Test {
  const { target } = linear;
  const [{ factor: a, column: u }, { factor: b, column: v }] = [linear.q, linear.k];
  const classify: Classify =
    u === undefined
      ? (_q, k) => (v === undefined ? 'some' : progressionCoverage(multiplesOf(k, v, b), target))
      : v === undefined
        ? (q) => progressionCoverage(multiplesOf(q, u, a), target)
        : (q, k) => sumCoverage(multiplesOf(q, u, a), multiplesOf(k, v, b), target);
  const { low, high, modulus, residue } = target;
  const holds = (x: number): boolean =>
    x >= low && x <= high && (modulus === 1 || mod(x, modulus) === residue);
  return {
    linear,
    comparisons: [linear],
    classify,
    signature(q, k) {
      const answer = classify(q, k);
      if (answer !== 'some') return answer;
      const first = a * (u ? q.firstOf(u) : 0) + b * (v ? k.firstOf(v) : 0);
      return `${u ? q.shapeOf(u) : ''},${v ? k.shapeOf(v) : ''},${first}`;
    },
    cells(queries, keys) {
      const [x, y] = [u && queries(u), v && keys(v)];
      if (x === undefined) return (_q, k) => holds(b * (y?.[k] ?? 0));
      if (y === undefined) return (q) => holds(a * x[q]);
      return (q, k) => holds(a * x[q] + b * y[k]);
    },
  };
}

/** The comparison after swapping its sides. */
const MIRRORED: Readonly<Record<Comparison, Comparison>> = {
  eq: 'eq',
  ne: 'ne',
  lt: 'gt',
  gt: 'lt',
  le: 'ge',
  ge: 'le',
};

function compare(name: Comparison, left: IntNode, right: IntNode): Test {
  if (typeof left === 'number') return compare(MIRRORED[name], right, left);
  if (name === 'ne') return opposed(compare('eq', left, right));
  return compareLinear(name, left, right) ?? compareValues(name, left, right);
}

function compareLinear(name: Exclude<Comparison, 'ne'>, left: IntNode, right: IntNode): Test | undefined {
  const [a, b] = [linearForm(left), linearForm(right)];
  if (a !== undefined && b !== undefined) return targetTest(differenceOf(a, b), range(name, 0));
  if (typeof left !== 'object' || typeof right !== 'number') return undefined;
  const inner = linearForm(left[1]);
  if (inner === undefined) return undefined;
  if (left[0] === 'mod' && typeof left[2] === 'number' && name === 'eq' && right >= 0 && right < left[2]) {
    return targetTest(inner, { low: -Infinity, high: Infinity, modulus: left[2], residue: right });
  }
  if (left[0] !== 'abs') return undefined;
  const { low, high } = range(name, right);
  if (name === 'le' || name === 'lt') return targetTest(inner, { low: -high, high, modulus: 1, residue: 0 });
  if (name === 'eq') return undefined;
  return opposed(targetTest(inner, { low: 1 - low, high: low - 1, modulus: 1, residue: 0 }));
}

/** The integers x with `x name bound`. */
function range(name: Exclude<Comparison, 'ne'>, bound: number): Target {
  const low = name === 'eq' || name === 'ge' ? bound : name === 'gt' ? bound + 1 : -Infinity;
  const high = name === 'eq' || name === 'le' ? bound : name === 'lt' ? bound - 1 : Infinity;
  return { low, high, modulus: 1, residue: 0 };
}

/** The test of `form ∈ target`, in a normal form: no constant, no common factor, a positive first factor. */
function targetTest(form: LinearForm, { low, high, modulus, residue }: Target): Test {
  const { constant } = form;
  const [q, k] = [primitive(form.q), primitive(form.k)];
  if (q.factor === 0 && k.factor === 0) {
    const value = { low: constant, high: constant, step: 0 };
    return constantTest(progressionCoverage(value, { low, high, modulus, residue }) === 'all');
  }
  const sign = q.factor > 0 || (q.factor === 0 && k.factor > 0) ? 1 : -1;
  const divisor = modulus === 1 ? gcd(q.factor, k.factor) : 1;
  const factor = sign * divisor;
  const [from, to] = sign > 0 ? [low - constant, high - constant] : [constant - high, constant - low];
  const multiple = (side: typeof q, variable: 'q' | 'k'): Multiple => ({
    factor: side.factor / factor + 0,
    column: side.factor === 0 ? undefined : columnOf(side.node, variable),
  });
  return linearTest({
    q: multiple(q, 'q'),
    k: multiple(k, 'k'),
    target: {
      low: Math.ceil(from / divisor),
      high: Math.floor(to / divisor),
      modulus,
      residue: mod(sign * (residue - constant), modulus),
    },
  });
}

/** Tests any other comparison by the values that both sides can take. */
function compareValues(name: Exclude<Comparison, 'ne'>, left: IntNode, right: IntNode): Test {
  const [a, b, decided] = [valuesFrom(left, partValues), valuesFrom(right, partValues), DECIDE[name]];
  const classify: Classify = (q, k) => decided(a(q, k), b(q, k));
  const signature: Test['signature'] = (q, k) => {
    const answer = classify(q, k);
    return answer === 'some' ? undefined : answer;
  };
  return { classify, signature, comparisons: [] };
}

/** The values of a part of a formula that mentions one variable; undefined of one that mentions both. */
function partValues(node: IntNode): Values<Part> | undefined {
  const byQuery = mentions(node, 'q');
  if (typeof node === 'number' || byQuery === mentions(node, 'k')) return undefined;
  const column = columnOf(node, byQuery ? 'q' : 'k');
  return byQuery ? (q) => q.valuesOf(column) : (_q, k) => k.valuesOf(column);
}

const DECIDE: Readonly<Record<Exclude<Comparison, 'ne'>, (a: Progression, b: Progression) => Coverage>> = {
  lt: (a, b) => (a.high < b.low ? 'all' : a.low >= b.high ? 'none' : 'some'),
  le: (a, b) => (a.high <= b.low ? 'all' : a.low > b.high ? 'none' : 'some'),
  gt: (a, b) => DECIDE.lt(b, a),
  ge: (a, b) => DECIDE.le(b, a),
  eq(a, b) {
    const target =
      b.step === 0 ? { modulus: 1, residue: 0 } : { modulus: b.step, residue: mod(b.low, b.step) };
    const within = progressionCoverage(a, { low: b.low, high: b.high, ...target });
    return within === 'all' && b.step !== 0 ? 'some' : within;
  },
};
