/**
 * Compares an output of a backend with its expectation, and describes a difference so that a person can act
 * on it: which output, which index, by how much more than allowed, and the neighbourhood in an aligned table.
 */
import { type Tensor, type TensorSpec } from '@attn/core';
import { halfToNumber } from '@attn/core/backend';

/** The expectation of an output: float64 values, and how far off each may be. */
export interface Expected extends TensorSpec {
  readonly data: Float64Array;
  /** Allowed |actual − expected| per element. Where the expected value is NaN or ±∞ it is not used. */
  readonly tolerance: Float64Array;
}

/** The difference between an output and its expectation. */
export interface Mismatch {
  readonly output: string;
  /** `shape` and `dtype`: the tensor is of the wrong kind, nothing else was compared. */
  readonly kind: 'missing' | 'shape' | 'dtype' | 'values';
  /** Number of elements that are off. */
  readonly count: number;
  readonly total: number;
  /** The worst element, if `kind` is `values`. */
  readonly worst?: WorstElement;
  /** Several lines for people. */
  readonly text: string;
}

/**
 * The element with the largest error in units of its tolerance. A
 * wrong NaN or infinity is worse than any number.
 */
export interface WorstElement {
  readonly index: readonly number[];
  readonly expected: number;
  readonly actual: number;
  readonly error: number;
  readonly tolerance: number;
}

/**
 * The difference between an output and its expectation, or undefined when it conforms.
 *
 * @example
 * compareOutput('out', oracle(graph, inputs).out, outputs.out)?.text;
 */
export function compareOutput(
  output: string,
  expected: Expected,
  actual: Tensor | undefined,
): Mismatch | undefined {
  const total = expected.data.length;
  const expectedSpec = `${expected.dtype} [${expected.shape.join(', ')}]`;
  const broken = (kind: Mismatch['kind'], got: string): Mismatch => {
    return { output, kind, count: total, total, text: `${output}: expected ${expectedSpec}, got ${got}` };
  };
  if (actual === undefined) return broken('missing', 'no such output');
  const got = `${actual.dtype} [${actual.shape.join(', ')}]`;
  if (actual.dtype !== expected.dtype) return broken('dtype', got);
  if (actual.shape.join() !== expected.shape.join()) return broken('shape', got);
  if (actual.data.length !== total) return broken('shape', `${got} with ${actual.data.length} elements`);

  const values = toNumbers(actual);
  let count = 0;
  let worst = -1;
  let worstRatio = -1;
  for (let i = 0; i < total; i++) {
    const ratio = excess(expected.data[i], values[i], expected.tolerance[i]);
    if (ratio <= 1) continue;
    count += 1;
    if (ratio > worstRatio) [worst, worstRatio] = [i, ratio];
  }
  if (worst < 0) return undefined;
  const element: WorstElement = {
    index: unravel(worst, expected.shape),
    expected: expected.data[worst],
    actual: values[worst],
    error: Math.abs(values[worst] - expected.data[worst]),
    tolerance: expected.tolerance[worst],
  };
  const text = `${describe(output, expectedSpec, count, total, element)}\n${table(expected, values, worst)}`;
  return { output, kind: 'values', count, total, worst: element, text };
}

/** Error in units of the tolerance. NaN and ±∞ must be equal, and are infinitely wrong if they are not. */
export function excess(expected: number, actual: number, tolerance: number): number {
  if (Object.is(expected, actual) || expected === actual) return 0;
  if (!Number.isFinite(expected) || !Number.isFinite(actual) || Number.isNaN(tolerance)) return Infinity;
  const error = Math.abs(actual - expected);
  return error <= tolerance ? error / tolerance : error / Math.max(tolerance, Number.MIN_VALUE);
}

/** A tensor's values as numbers: f16 is decoded, everything else widened. */
export function toNumbers(value: Tensor): Float64Array {
  if (value.dtype !== 'f16') return Float64Array.from(value.data);
  return Float64Array.from(value.data, (bits) => halfToNumber(bits));
}

function describe(
  output: string,
  expectedSpec: string,
  count: number,
  total: number,
  worst: WorstElement,
): string {
  const { index, expected, actual, error, tolerance } = worst;
  const factor = tolerance > 0 ? ` (${(error / tolerance).toPrecision(3)} × too much)` : '';
  return [
    `${output} ${expectedSpec}: ${count} of ${total} values are off`,
    `worst at [${index.join(', ')}]: expected ${expected}, got ${actual}`,
    `error ${error.toExponential(2)}, tolerance ${tolerance.toExponential(2)}${factor}`,
  ].join('\n');
}

const COLUMNS_AROUND = 3;
const ROWS_AROUND = 2;

/** A table of expected and actual values around an element; `!` marks values that are off. */
function table(expected: Expected, values: Float64Array, at: number): string {
  const width = expected.shape.at(-1) ?? 1;
  const height = expected.shape.at(-2) ?? 1;
  const row = Math.floor(at / width);
  const top = row - (row % height);
  const rows = around(row, ROWS_AROUND, top, top + height);
  const columns = around(at % width, COLUMNS_AROUND, 0, width);
  const lines: string[][] = [['', '', ...columns.map((column) => `[${column}]`)]];
  for (const r of rows) {
    const label = `[${unravel(r * width, expected.shape)
      .slice(0, -1)
      .join(', ')}]`;
    const cells = columns.map((column) => r * width + column);
    const off = (i: number): string =>
      excess(expected.data[i], values[i], expected.tolerance[i]) > 1 ? '!' : ' ';
    lines.push([label, 'expected', ...cells.map((i) => `${short(expected.data[i])} `)]);
    lines.push(['', 'actual', ...cells.map((i) => short(values[i]) + off(i))]);
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) => line.map((cell, column) => cell.padStart(widths[column])).join('  ')).join('\n');
}

function around(center: number, radius: number, from: number, to: number): number[] {
  const first = Math.max(from, center - radius);
  const end = Math.min(to, center + radius + 1);
  return Array.from({ length: end - first }, (_, i) => first + i);
}

function short(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5 ? value.toFixed(6) : value.toExponential(4);
}

/** The index of a flat position, one entry per axis. */
function unravel(flat: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = flat % shape[axis];
    flat = Math.floor(flat / shape[axis]);
  }
  return index;
}
