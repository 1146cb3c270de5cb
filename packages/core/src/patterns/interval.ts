/**
 * Abstract interpretation: the values that an integer expression takes over two runs, as a progression that
 * holds them all. Keeping the step, not only the bounds, is what decides `q.sub(k).mod(4).eq(0)` exactly over
 * runs of step 4.
 */
import type { Arithmetic, IntNode } from './expression-tree.ts';
import { progression, type Progression } from './progression.ts';
import { gcd, mod } from './runs.ts';

/** A progression with all values of an expression over rows of both sides; it may have more. */
export type Values<Rows> = (q: Rows, k: Rows) => Progression;

/**
 * Compiles a reduced tree (only `q`, `k` and constants; constant positive divisors) over two progressions.
 */
export function valuesOf(node: IntNode): Values<Progression> {
  return valuesFrom(node, (leaf) => (leaf === 'q' ? (q) => q : leaf === 'k' ? (_q, k) => k : undefined));
}

/** Compiles a reduced tree whose variables, or larger parts, are what `leafOf` says. */
export function valuesFrom<Rows>(
  node: IntNode,
  leafOf: (node: IntNode) => Values<Rows> | undefined,
): Values<Rows> {
  const leaf = leafOf(node);
  if (leaf !== undefined) return leaf;
  if (typeof node !== 'object') {
    const value = typeof node === 'number' ? progression(node, node, 0) : ANYTHING;
    return () => value;
  }
  if (node[0] === 'abs') {
    const operand = valuesFrom(node[1], leafOf);
    return (q, k) => abs(operand(q, k));
  }
  const [compute, a, b] = [ARITHMETIC[node[0]], valuesFrom(node[1], leafOf), valuesFrom(node[2], leafOf)];
  return (q, k) => compute(a(q, k), b(q, k));
}

/** The values of a variable of which nothing is said. */
const ANYTHING = progression(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 1);

const ARITHMETIC: Readonly<Record<Arithmetic, (a: Progression, b: Progression) => Progression>> = {
  add: (a, b) => progression(a.low + b.low, a.high + b.high, gcd(a.step, b.step)),
  sub: (a, b) => progression(a.low - b.high, a.high - b.low, gcd(a.step, b.step)),
  mul: multiply,
  div: (a, b) => divide(a, b.low),
  mod: (a, b) => remainder(a, b.low),
  min: (a, b) =>
    a.high <= b.low
      ? a
      : b.high <= a.low
        ? b
        : progression(Math.min(a.low, b.low), Math.min(a.high, b.high), joint(a, b)),
  max: (a, b) =>
    a.low >= b.high
      ? a
      : b.low >= a.high
        ? b
        : progression(Math.max(a.low, b.low), Math.max(a.high, b.high), joint(a, b)),
};

/** The step of a progression that holds two others. */
function joint(a: Progression, b: Progression): number {
  const shift = a.low - b.low;
  return Number.isSafeInteger(shift) ? gcd(gcd(a.step, b.step), shift) : 1;
}

/** (a₀ + i·s)(b₀ + j·t) differs from a₀·b₀ by multiples of s·b₀, t·a₀ and s·t. */
function multiply(a: Progression, b: Progression): Progression {
  const corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
  const steps = [a.step * b.low, b.step * a.low, a.step * b.step];
  return progression(
    Math.min(...corners),
    Math.max(...corners),
    steps.every(Number.isSafeInteger) ? steps.reduce(gcd) : 1,
  );
}

function divide(a: Progression, divisor: number): Progression {
  const step = a.step % divisor === 0 ? a.step / divisor : 1;
  return progression(Math.floor(a.low / divisor), Math.floor(a.high / divisor), step);
}

function remainder(a: Progression, modulus: number): Progression {
  const first = mod(a.low, modulus);
  if (a.step % modulus === 0) return progression(first, first, 0);
  // Within one period nothing wraps around; else only the residue modulo the common divisor is known.
  if (first + (a.high - a.low) < modulus) return progression(first, first + (a.high - a.low), a.step);
  const step = gcd(a.step, modulus);
  return progression(mod(first, step), modulus - step + mod(first, step), step);
}

function abs(a: Progression): Progression {
  if (a.low >= 0) return a;
  if (a.high <= 0) return progression(-a.high, -a.low, a.step);
  // On both sides of 0: the distances to it are ± the residue.
  const residue = mod(a.low, a.step);
  const nearest = Math.min(residue, a.step - residue);
  const step = residue === 0 ? a.step : gcd(a.step, 2 * residue);
  return progression(nearest, Math.max(-a.low, a.high), step);
}
