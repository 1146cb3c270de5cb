/**
 * How an expression changes when query and key move together. If only the difference of positions matters, or
 * the difference and the position within some period, tiles in many places have the same mask.
 */
import type { Arithmetic, BoolNode, IntNode } from './expression-tree.ts';
import { gcd } from './runs.ts';

/** When both positions grow by `period`, the value grows by `gain`. */
interface Drift {
  readonly period: number;
  readonly gain: number;
}

/** Larger numbers are useless to a planner, and might overflow. */
const LARGEST = 2 ** 20;

/** The smallest distance by which both positions can move without changing any answer, if there is one. */
export function periodOf(node: BoolNode): number | undefined {
  if (typeof node === 'boolean') return 1;
  switch (node[0]) {
    case 'not':
      return periodOf(node[1]);
    case 'and':
    case 'or': {
      const [, ...operands] = node;
      return operands
        .map(periodOf)
        .reduce((a, b) => (a === undefined || b === undefined ? undefined : multiple(a, b)));
    }
    default:
      return difference(driftOf(node[1]), driftOf(node[2]))?.period;
  }
}

function driftOf(node: IntNode): Drift | undefined {
  if (typeof node === 'number') return { period: 1, gain: 0 };
  if (typeof node === 'string') return { period: 1, gain: 1 };
  const first = driftOf(node[1]);
  if (first === undefined) return undefined;
  if (node[0] === 'abs') return first.gain === 0 ? first : undefined;
  const second = driftOf(node[2]);
  return second && checked(DRIFT[node[0]](first, second, node[2], node[1]));
}

type Rule = (a: Drift, b: Drift, right: IntNode, left: IntNode) => Drift | undefined;

const DRIFT: Readonly<Record<Arithmetic, Rule>> = {
  add: (a, b) => combine(a, b, 1),
  sub: (a, b) => combine(a, b, -1),
  mul(a, b, right, left) {
    if (typeof right === 'number') return { period: a.period, gain: a.gain * right };
    if (typeof left === 'number') return { period: b.period, gain: b.gain * left };
    return a.gain === 0 && b.gain === 0 ? combine(a, b, 1) : undefined;
  },
  div(a, _b, right) {
    if (typeof right !== 'number') return undefined;
    const repeat = right / gcd(right, a.gain);
    return { period: a.period * repeat, gain: (a.gain * repeat) / right };
  },
  mod(a, _b, right) {
    if (typeof right !== 'number') return undefined;
    return { period: (a.period * right) / gcd(right, a.gain), gain: 0 };
  },
  min: same,
  max: same,
};

/** The drift of a minimum or maximum, if both sides gain the same. */
function same(a: Drift, b: Drift): Drift | undefined {
  const both = difference(a, b);
  return both && { period: both.period, gain: a.gain * (both.period / a.period) };
}

/** The drift of a − b, if it is 0. */
function difference(a: Drift | undefined, b: Drift | undefined): Drift | undefined {
  const drift = a && b && combine(a, b, -1);
  return drift?.gain === 0 ? drift : undefined;
}

function combine(a: Drift, b: Drift, sign: 1 | -1): Drift | undefined {
  const period = multiple(a.period, b.period);
  return period === undefined
    ? undefined
    : checked({ period, gain: a.gain * (period / a.period) + sign * b.gain * (period / b.period) });
}

function checked(drift: Drift | undefined): Drift | undefined {
  return drift !== undefined && drift.period <= LARGEST && Math.abs(drift.gain) <= LARGEST ** 2
    ? drift
    : undefined;
}

/** The least common multiple, unless it is too large. */
function multiple(a: number, b: number): number | undefined {
  const common = (a / gcd(a, b)) * b;
  return common <= LARGEST ? common : undefined;
}
