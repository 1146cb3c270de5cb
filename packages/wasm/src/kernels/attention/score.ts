/**
 * Emits the score's expression of a call: four pairs at a time, in vectors of floats, of integers, and of
 * masks for what is true. What does not vary with the key is computed once for a row, and what does not
 * vary with the query once for a tile.
 */
import type { Score } from '@attn/core';
import {
  scoreDependsOn,
  scoreOperands,
  ScoreCompiler,
  someScorePart,
  type IndexVariable,
  type NumberUnary,
  type ScoreCode,
  type ScoreNode,
  type ScoreTest,
} from '@attn/core/backend';
import {
  f32x4,
  f64x2,
  i32,
  i32x4,
  v128,
  type FunctionBuilder,
  type Local,
  type V128,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { cos, sin } from '../trigonometry.ts';
import { exp, log, tanh, type InPlace } from '../vector-math.ts';
import { gather } from './gather.ts';
import { HEAD } from './layout.ts';

type Vector = Local<'v128'>;

/** The variables of four pairs. */
export interface PairVectors {
  readonly s: Vector;
  /** Positions of the query, and of the keys. */
  readonly q: Vector;
  readonly k: Vector;
}

/** The parts of the code of a score, which go into the loops over a tile. */
export interface ScoreParts {
  /** Emits what is the same for all pairs of a row. `q` is set. */
  row(): void;
  /** Emits `s = score(s, …)`. All variables are set. */
  pair(): void;
}

/** Emits what is the same for all pairs of a tile, and returns the other parts. */
export function scoreParts(
  f: FunctionBuilder,
  simd: Simd,
  { score, head, pair }: { readonly score: Score; readonly head: Local<'i32'>; readonly pair: PairVectors },
): ScoreParts {
  const { tree } = score;
  const tables = i32.load(head, HEAD.tables);
  const index = { b: f.let('batch_row', i32x4.splat(i32.load(head, HEAD.batchRow))), ...pair };
  const h = f.let('head_number', i32x4.splat(i32.load(head, HEAD.head)));
  const compiler = new ScoreCompiler(
    vectorCode(f, {
      variables: { ...index, h },
      functions: functionsOf(f, simd, tree),
      tables: tableVectors(f, score, f.let('tables', tables)),
    }),
  );
  const hoist = (node: ScoreNode | ScoreTest, varying: readonly ('s' | IndexVariable)[]): void => {
    if (typeof node !== 'object') return;
    if (scoreDependsOn(node, ...varying)) scoreOperands(node).forEach((operand) => hoist(operand, varying));
    else compiler.part(node);
  };
  hoist(tree, ['s', 'q', 'k']);
  return {
    row: () => hoist(tree, ['s', 'k']),
    pair: () => f.set(pair.s, compiler.number(tree)),
  };
}

/** A table: its address, and its extents and last indices in all lanes. */
interface TableVectors {
  readonly address: Vector;
  readonly axes: readonly { readonly extent: Vector; readonly last: Vector }[];
}

/** The words that describe the tables of a score in memory: of each its address, then its extents. */
function tableVectors(
  f: FunctionBuilder,
  { tables }: Score,
  records: Local<'i32'>,
): Readonly<Record<string, TableVectors>> {
  let offset = 0;
  const word = (name: string): Vector => {
    const vector = f.let(name, v128.load32Splat(records, offset));
    offset += 4;
    return vector;
  };
  return Object.fromEntries(
    Object.entries(tables).map(([name, { rank }]) => {
      const address = word('table');
      const axes = Array.from({ length: rank }, () => {
        const extent = word('extent');
        return { extent, last: f.let('last', i32x4.sub(extent, i32x4.all(1))) };
      });
      return [name, { address, axes }];
    }),
  );
}

/** The functions that a tree calls, whose constants are put into variables here, outside of loops. */
function functionsOf(
  f: FunctionBuilder,
  simd: Simd,
  tree: ScoreNode,
): Readonly<Partial<Record<NumberUnary, InPlace>>> {
  const calls = (name: NumberUnary): boolean =>
    someScorePart(tree, (part) => typeof part === 'object' && part[0] === name);
  return {
    exp: calls('exp') ? exp(f, simd) : undefined,
    log: calls('log') ? log(f, simd) : undefined,
    tanh: calls('tanh') ? tanh(f, simd) : undefined,
    sin: calls('sin') ? sin(f, simd) : undefined,
    cos: calls('cos') ? cos(f, simd) : undefined,
  };
}

interface VectorContext {
  readonly variables: Readonly<Record<'s' | IndexVariable, Vector>>;
  readonly functions: Readonly<Partial<Record<NumberUnary, InPlace>>>;
  readonly tables: Readonly<Record<string, TableVectors>>;
}

function vectorCode(
  f: FunctionBuilder,
  { variables, functions, tables }: VectorContext,
): ScoreCode<Vector, Vector, Vector> {
  const value = (vector: V128): Vector => f.let('value', vector);
  const unary =
    (make: (x: V128) => V128) =>
    (x: Vector): Vector =>
      value(make(x));
  const binary =
    (make: (a: V128, b: V128) => V128) =>
    (a: Vector, b: Vector): Vector =>
      value(make(a, b));
  const call =
    (name: NumberUnary) =>
    (x: Vector): Vector => {
      const result = value(x);
      functions[name]?.(result);
      return result;
    };
  const select = (test: Vector, yes: Vector, no: Vector): Vector => value(v128.bitselect(yes, no, test));
  /** The four elements of a table at these indices, which are moved into it. */
  const element = (name: string, index: readonly Vector[]): Vector => {
    const { address, axes } = tables[name];
    const zero = i32x4.all(0);
    const place = index.reduce<V128 | undefined>((before, i, axis) => {
      const inside = i32x4.minS(i32x4.maxS(i, zero), axes[axis].last);
      return before === undefined ? inside : i32x4.add(i32x4.mul(before, axes[axis].extent), inside);
    }, undefined);
    return value(gather(value(i32x4.add(address, i32x4.shl(place ?? zero, 2)))));
  };
  return {
    score: () => variables.s,
    variable: (name) => variables[name],
    number: (constant) => value(f32x4.all(constant)),
    integer: (constant) => value(i32x4.all(constant)),
    float: unary(f32x4.convertI32x4S),
    numberUnary: {
      neg: unary(f32x4.neg),
      abs: unary(f32x4.abs),
      exp: call('exp'),
      log: call('log'),
      tanh: call('tanh'),
      sin: call('sin'),
      cos: call('cos'),
    },
    numberBinary: {
      add: binary(f32x4.add),
      sub: binary(f32x4.sub),
      mul: binary(f32x4.mul),
      div: binary(f32x4.div),
      min: binary(f32x4.min),
      max: binary(f32x4.max),
    },
    integerUnary: { neg: unary((x) => i32x4.sub(i32x4.all(0), x)), abs: unary(i32x4.abs) },
    integerBinary: {
      add: binary(i32x4.add),
      sub: binary(i32x4.sub),
      mul: binary(i32x4.mul),
      div: (a, b) => value(floorDivision(a, b)),
      mod: (a, b) => value(i32x4.sub(a, i32x4.mul(b, floorDivision(a, b)))),
      min: binary(i32x4.minS),
      max: binary(i32x4.maxS),
    },
    compareNumbers: {
      eq: binary(f32x4.eq),
      ne: binary(f32x4.ne),
      lt: binary(f32x4.lt),
      le: binary(f32x4.le),
      gt: binary(f32x4.gt),
      ge: binary(f32x4.ge),
    },
    compareIntegers: {
      eq: binary(i32x4.eq),
      ne: binary(i32x4.ne),
      lt: binary(i32x4.ltS),
      le: binary(i32x4.leS),
      gt: binary(i32x4.gtS),
      ge: binary(i32x4.geS),
    },
    truth: (truth) => value(i32x4.all(truth ? -1 : 0)),
    not: unary(v128.not),
    and: binary(v128.and),
    or: binary(v128.or),
    selectNumber: select,
    selectInteger: select,
    table: element,
    integers: element,
  };
}

/**
 * ⌊a / b⌋ of integers. There is no instruction for it; a quotient of float64 is never so near to an integer
 * that it rounds to it.
 */
function floorDivision(a: Vector, b: Vector): V128 {
  const half = (x: V128, y: V128): V128 =>
    i32x4.truncSatF64x2SZero(f64x2.floor(f64x2.div(f64x2.convertLowI32x4S(x), f64x2.convertLowI32x4S(y))));
  const upper = (x: V128): V128 => v128.shuffle(x, x, [2, 3, 2, 3]);
  return v128.shuffle(half(a, b), half(upper(a), upper(b)), [0, 1, 4, 5]);
}
