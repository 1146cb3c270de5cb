/**
 * Decides an expression over two runs in three-valued logic. Affine comparisons of `q` and `k`, such as
 * "the distance is at most 256" or (q − k) mod 4 = 0, become "a·q + b·k lies in a target". Those of one `and`
 * about the same sum merge into one target, so that a window written as two comparisons is decided as exactly
 * as `slidingWindow`.
 */
import { opposite } from './combinators.ts';
import type { BoolNode, Comparison, IntNode } from './expression-tree.ts';
import { valuesOf } from './interval.ts';
import type { Coverage } from './pattern.ts';
import { progressionCoverage, scaledRun, sumCoverage, type Progression, type Target } from './progression.ts';
import { gcd, mod, type Run } from './runs.ts';

type Classify = (q: Run, k: Run) => Coverage;

/** The three-valued version of a reduced tree. */
export function classifierOf(node: BoolNode): Classify {
  const { classify } = decide(node, false);
  return classify;
}

/** A part of a conjunction; `affine` if it can be merged with others. */
interface Test {
  readonly classify: Classify;
  readonly affine?: AffineTest;
}

/** q·(query position) + k·(key position) ∈ target, where the first factor that is not 0 is positive. */
interface AffineTest {
  readonly q: number;
  readonly k: number;
  readonly target: Target;
}

/** The test of a tree or, when `negated`, of its opposite: negation moves inwards until it turns ≤ into >. */
function decide(node: BoolNode, negated: boolean): Test {
  if (typeof node === 'boolean') {
    const answer = node !== negated ? 'all' : 'none';
    return { classify: () => answer };
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

function opposed({ classify }: Test): Test {
  return { classify: (q, k) => opposite(classify(q, k)) };
}

/** The test that all of the tests pass, with those merged that can be. */
function both(tests: readonly Test[]): Test {
  const merged: Test[] = [];
  for (const test of tests) {
    const i = merged.findIndex((other) => intersect(other.affine, test.affine) !== undefined);
    const common = i < 0 ? undefined : intersect(merged[i].affine, test.affine);
    if (common === undefined) merged.push(test);
    else merged[i] = affineTest(common);
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
  return { classify };
}

/** Merges two tests into one, if they are about the same sum and one modulus divides the other. */
function intersect(a: AffineTest | undefined, b: AffineTest | undefined): AffineTest | undefined {
  if (a === undefined || b === undefined || a.q !== b.q || a.k !== b.k) return undefined;
  const [fine, coarse] = a.target.modulus >= b.target.modulus ? [a.target, b.target] : [b.target, a.target];
  if (fine.modulus % coarse.modulus !== 0) return undefined;
  const agree = mod(fine.residue, coarse.modulus) === coarse.residue;
  const [low, high] = [
    Math.max(a.target.low, b.target.low),
    agree ? Math.min(a.target.high, b.target.high) : -Infinity,
  ];
  return { q: a.q, k: a.k, target: { ...fine, low, high } };
}

function affineTest(affine: AffineTest): Test {
  const { q: a, k: b, target } = affine;
  const classify: Classify =
    a === 0
      ? (_q, k) => progressionCoverage(scaledRun(k, b), target)
      : b === 0
        ? (q) => progressionCoverage(scaledRun(q, a), target)
        : (q, k) => sumCoverage(scaledRun(q, a), scaledRun(k, b), target);
  return { affine, classify };
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
  return compareAffine(name, left, right) ?? compareValues(name, left, right);
}

function compareAffine(name: Exclude<Comparison, 'ne'>, left: IntNode, right: IntNode): Test | undefined {
  const [a, b] = [affineForm(left), affineForm(right)];
  if (a !== undefined && b !== undefined) {
    return targetTest({ q: a.q - b.q, k: a.k - b.k, constant: a.constant - b.constant }, range(name, 0));
  }
  if (typeof left !== 'object' || typeof right !== 'number') return undefined;
  const inner = affineForm(left[1]);
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
function targetTest({ q, k, constant }: AffineForm, { low, high, modulus, residue }: Target): Test {
  if (q === 0 && k === 0) {
    const answer = progressionCoverage(
      { low: constant, high: constant, step: 0 },
      { low, high, modulus, residue },
    );
    return { classify: () => answer };
  }
  const sign = q > 0 || (q === 0 && k > 0) ? 1 : -1;
  const divisor = modulus === 1 ? gcd(q, k) : 1;
  const factor = sign * divisor;
  const [from, to] = sign > 0 ? [low - constant, high - constant] : [constant - high, constant - low];
  return affineTest({
    q: q / factor + 0,
    k: k / factor + 0,
    target: {
      low: Math.ceil(from / divisor),
      high: Math.floor(to / divisor),
      modulus,
      residue: mod(sign * (residue - constant), modulus),
    },
  });
}

/** q·(query position) + k·(key position) + constant. */
interface AffineForm {
  readonly q: number;
  readonly k: number;
  readonly constant: number;
}

/** Larger factors might make sums inexact; such expressions are left to interval arithmetic. */
const LARGEST_FACTOR = 2 ** 20;
const LARGEST_CONSTANT = 2 ** 51;

function affineForm(node: IntNode): AffineForm | undefined {
  const form = rawAffineForm(node);
  if (form === undefined || Math.abs(form.constant) > LARGEST_CONSTANT) return undefined;
  return Math.max(Math.abs(form.q), Math.abs(form.k)) > LARGEST_FACTOR ? undefined : form;
}

function rawAffineForm(node: IntNode): AffineForm | undefined {
  if (typeof node === 'number') return { q: 0, k: 0, constant: node };
  if (typeof node === 'string') return { q: node === 'q' ? 1 : 0, k: node === 'k' ? 1 : 0, constant: 0 };
  if (node[0] !== 'add' && node[0] !== 'sub' && node[0] !== 'mul') return undefined;
  const [a, b] = [affineForm(node[1]), affineForm(node[2])];
  if (a === undefined || b === undefined) return undefined;
  if (node[0] !== 'mul') {
    const sign = node[0] === 'add' ? 1 : -1;
    return { q: a.q + sign * b.q, k: a.k + sign * b.k, constant: a.constant + sign * b.constant };
  }
  const [factor, form] = typeof node[1] === 'number' ? [node[1], b] : [node[2], a];
  if (typeof factor !== 'number') return undefined;
  return { q: form.q * factor, k: form.k * factor, constant: form.constant * factor };
}

/** Tests any other comparison by the values that both sides can take. */
function compareValues(name: Exclude<Comparison, 'ne'>, left: IntNode, right: IntNode): Test {
  const [a, b, decided] = [valuesOf(left), valuesOf(right), DECIDE[name]];
  return {
    classify(queries, keys) {
      const [q, k] = [scaledRun(queries, 1), scaledRun(keys, 1)];
      return decided(a(q, k), b(q, k));
    },
  };
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
