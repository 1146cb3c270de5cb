/**
 * Lowers the score's expression of a call to plain operators on the logits of a step. Shapes broadcast:
 * what is the same for all keys, or all queries, is computed once for them.
 */
import {
  partKey,
  scoreDependsOn,
  ScoreCompiler,
  type IndexVariable,
  type ScoreCode,
  type DistanceSum,
  type ScoreNode,
} from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { OffsetBias, OffsetFunction } from './offset-bias.ts';

/** A table of the call. */
export interface ScoreTable {
  /** Its elements, [size]: f32 or i32. */
  readonly elements: Name;
  readonly shape: readonly number[];
}

/** Tables of a call by name. */
export type TablesByName = Readonly<Record<string, ScoreTable>>;

/** A score, and its tables by name. */
export interface ScoreTables {
  readonly tree: ScoreNode;
  /** The tree as a sum of parts that depend on distances only, and the rest. */
  readonly sum: DistanceSum;
  readonly tables: TablesByName;
  /** Parts that depend on distances only, by their keys. */
  readonly parts: ReadonlyMap<string, OffsetBias>;
}

/** What a score is computed from. */
interface ScoreInputs {
  readonly portable: boolean;
  /** Returns the scores before, f32. */
  score(): Name;
  /** Adds the nodes of a variable, i32 of a shape that broadcasts to that of the scores. */
  variable(name: IndexVariable): Name;
}

/** What the score of a step is computed from. */
export interface ScoreOperands extends Omit<ScoreInputs, 'score'> {
  /** [G, 64, T·64] f32. */
  readonly logits: Name;
  /** The tree to compile: all of it, or the rest of the sum. */
  readonly tree: ScoreNode;
  /** Adds the nodes of a part that depends on distances only, of a shape that broadcasts to the logits. */
  part(table: OffsetBias): Name;
}

/** Adds the nodes that compute the scores of logits, [G, 64, T·64]. */
export function emitScore(
  body: GraphScope,
  { tables, parts }: Pick<ScoreTables, 'tables' | 'parts'>,
  { logits, tree, part, ...operands }: ScoreOperands,
): Name {
  const code = operators(body, tables, { ...operands, score: () => logits });
  const result = new PartCompiler(code, parts, part).number(tree);
  if (scoreDependsOn(tree, 's')) return result;
  // It may be the same for all keys, or for all queries.
  return body.op('Expand', [result, body.op('Shape', [logits])]);
}

/** Reads parts of a tree from tables. */
class PartCompiler extends ScoreCompiler<Name, Name, Name> {
  private readonly parts: ReadonlyMap<string, OffsetBias>;
  private readonly read: (table: OffsetBias) => Name;

  constructor(
    code: ScoreCode<Name, Name, Name>,
    parts: ReadonlyMap<string, OffsetBias>,
    read: (table: OffsetBias) => Name,
  ) {
    super(code);
    this.parts = parts;
    this.read = read;
  }

  override number(node: ScoreNode): Name {
    const part = this.parts.get(partKey(node));
    return part === undefined ? super.number(node) : this.read(part);
  }
}

/** A part of a score as a function of the offset, for B·H members or, if all batch rows are alike, H. */
export function scorePart(
  part: ScoreNode,
  tables: TablesByName,
  {
    heads,
    members,
    portable,
  }: { readonly heads: number; readonly members: number; readonly portable: boolean },
): OffsetFunction {
  const emit = (scope: GraphScope, offsets: Int32Array): Name => {
    const { model } = scope;
    const shape = { b: [members, 1], h: [members, 1], q: [], k: [1, offsets.length] };
    const values: Readonly<Record<IndexVariable, () => Int32Array>> = {
      b: () => Int32Array.from({ length: members }, (_, member) => Math.floor(member / heads)),
      h: () => Int32Array.from({ length: members }, (_, member) => member % heads),
      // Only distances count.
      q: () => Int32Array.of(0),
      k: () => offsets,
    };
    const variable = (name: IndexVariable): Name =>
      model.array(name, { dtype: 'i32', shape: shape[name] }, values[name]());
    const score = (): Name => model.scalar(NaN);
    const result = new ScoreCompiler(operators(scope, tables, { portable, score, variable })).number(part);
    return scope.op('Expand', [result, model.integers([members, offsets.length])]);
  };
  return { emit };
}

function operators(
  body: GraphScope,
  tables: TablesByName,
  { portable, score, variable }: ScoreInputs,
): ScoreCode<Name, Name, Name> {
  const { model } = body;
  const int = (value: number): Name => model.scalar(value, 'i32');
  const unary =
    (operator: string) =>
    (x: Name): Name =>
      body.op(operator, [x]);
  const binary =
    (operator: string) =>
    (a: Name, b: Name): Name =>
      body.op(operator, [a, b]);
  const not = unary('Not');
  /** ONNX leaves open what a maximum of NaN is; ONNX Runtime gives NaN. */
  const choose = (operator: 'Max' | 'Min', comparison: 'Greater' | 'Less') => (a: Name, b: Name) => {
    if (!portable) return body.op(operator, [a, b]);
    const takesB = body.op('Or', [body.op(comparison, [b, a]), body.op('IsNaN', [b])]);
    return body.op('Where', [takesB, b, a]);
  };
  const mod = (a: Name, b: Name): Name => body.op('Mod', [a, b]);
  /** Div rounds towards 0. */
  const floorDiv = (a: Name, b: Name): Name => {
    const isInexact = not(body.op('Equal', [mod(a, b), int(0)]));
    const isAbove = body.op('And', [body.op('Less', [a, int(0)]), isInexact]);
    return body.op('Sub', [body.op('Div', [a, b]), body.cast(isAbove, 'i32')]);
  };
  const comparisons = {
    eq: binary('Equal'),
    ne: (a: Name, b: Name) => not(body.op('Equal', [a, b])),
    lt: binary('Less'),
    le: binary('LessOrEqual'),
    gt: binary('Greater'),
    ge: binary('GreaterOrEqual'),
  };
  const select = (test: Name, yes: Name, no: Name): Name => body.op('Where', [test, yes, no]);
  const element = (name: string, index: readonly Name[]): Name => {
    const { elements, shape } = tables[name];
    const place = index.reduce<Name | undefined>((before, i, axis) => {
      const inside = body.op('Min', [body.op('Max', [i, int(0)]), int(shape[axis] - 1)]);
      return before === undefined
        ? inside
        : body.op('Add', [body.op('Mul', [before, int(shape[axis])]), inside]);
    }, undefined);
    return body.op('Gather', [elements, place ?? int(0)]);
  };
  return {
    score,
    variable,
    number: (value) => model.scalar(value),
    integer: int,
    float: (value) => body.cast(value, 'f32'),
    numberUnary: {
      neg: unary('Neg'),
      abs: unary('Abs'),
      exp: unary('Exp'),
      log: unary('Log'),
      tanh: unary('Tanh'),
      sin: unary('Sin'),
      cos: unary('Cos'),
    },
    numberBinary: {
      add: binary('Add'),
      sub: binary('Sub'),
      mul: binary('Mul'),
      div: binary('Div'),
      min: choose('Min', 'Less'),
      max: choose('Max', 'Greater'),
    },
    integerUnary: { neg: unary('Neg'), abs: unary('Abs') },
    integerBinary: {
      add: binary('Add'),
      sub: binary('Sub'),
      mul: binary('Mul'),
      div: floorDiv,
      mod,
      min: binary('Min'),
      max: binary('Max'),
    },
    compareNumbers: comparisons,
    compareIntegers: comparisons,
    truth: (value) => body.cast(int(value ? 1 : 0), 'bool'),
    not,
    and: binary('And'),
    or: binary('Or'),
    selectNumber: select,
    selectInteger: select,
    table: element,
    integers: element,
  };
}
