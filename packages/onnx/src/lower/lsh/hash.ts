/**
 * Lowers the `lshHash` op to a `Scan` over groups of tokens. The scores of a group are one product, and
 * buckets are the indices of the largest scores. With many buckets, the scores of all tokens at once would
 * take gigabytes.
 */
import { i32 } from '@attn/core';
import { inputSpecs, lshHashProblem, type LshHashProblem, type NodeOf } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import { headsFirst } from '../attention/operands.ts';
import { emitHasNaN, emitIf } from '../attention/softmax.ts';
import type { LoweringContext } from '../context.ts';
import { largestDivisor } from './divisors.ts';

/** Most scores of a step: one megabyte, which stays in the cache. */
const STEP_SCORES = 2 ** 18;

/** The steps of a scan. Each hashes all tokens of some heads, or some tokens of one head. */
interface Steps {
  /** Heads of a step. */
  readonly heads: number;
  /** Tokens of each of those heads. */
  readonly tokens: number;
  /** Tokens of a head, padded to whole steps. */
  readonly padded: number;
  /** Number of steps. */
  readonly count: number;
}

/** Lowers one `lshHash` node. */
export function lowerLshHash(context: LoweringContext, node: NodeOf<'lshHash'>): void {
  const { main, model } = context;
  const problem = lshHashProblem(inputSpecs(context.graph, node), node.attributes);
  const { batch, heads, length, headDim, rounds, width, bucketCount } = problem;
  const [id] = node.outputs;
  if (batch * heads * length === 0) {
    context.setMoved(id, main.op('Expand', [model.scalar(0, 'i32'), model.integers(context.spec(id).shape)]));
    return;
  }
  const steps = planSteps(problem);
  const x = headsFirst(context, node.inputs.x, problem);
  const rows = main.reshape(x, [batch * heads, length, headDim]);
  const padding = [0, 0, 0, 0, steps.padded - length, 0];
  const padded = steps.padded === length ? rows : main.op('Pad', [rows, model.integers(padding)]);
  const rotations = main.reshape(context.value(node.inputs.rotations), [-1, headDim, rounds * width]);

  const scanned = [main.reshape(padded, [steps.count, steps.heads, steps.tokens, headDim])];
  const body = main.body();
  const tokens = body.input('tokens', { dtype: 'f32', shape: [steps.heads, steps.tokens, headDim] });
  let stepRotations = rotations;
  if (problem.rotationStrides.head > 0) {
    scanned.push(model.tensor('rotationOf', i32([steps.count, steps.heads], rotationOfEach(problem, steps))));
    const own = body.input('step', { dtype: 'i32', shape: [steps.heads] });
    stepRotations = body.op('Gather', [rotations, own]);
  }
  const scores = body.op('MatMul', [tokens, stepRotations]);
  const buckets = emitBuckets(body, scores, problem, steps);
  body.output(buckets, { dtype: 'i32', shape: [steps.heads, steps.tokens, rounds] });
  const all = main.op('Scan', scanned, { num_scan_inputs: scanned.length, body });

  const byToken = main.reshape(all, [batch, heads, steps.padded, rounds]);
  const unpadded = steps.padded === length ? byToken : main.slice(byToken, [0, length], 2);
  const byRound = main.op('Transpose', [unpadded], { perm: [0, 1, 3, 2] });
  const mask = context.input(node, 'keyMask');
  if (mask === undefined) {
    context.setMoved(id, byRound);
    return;
  }
  const visible = main.reshape(main.cast(mask, 'bool'), [batch, 1, 1, length]);
  context.setMoved(id, main.op('Where', [visible, byRound, model.scalar(bucketCount, 'i32')]));
}

function planSteps({ batch, heads, length, rounds, width }: LshHashProblem): Steps {
  const most = Math.max(1, Math.floor(STEP_SCORES / (rounds * width)));
  const parts = Math.ceil(length / most);
  const tokens = Math.ceil(length / parts);
  const group = parts > 1 ? 1 : largestDivisor(batch * heads, Math.floor(most / length));
  return { heads: group, tokens, padded: tokens * parts, count: ((batch * heads) / group) * parts };
}

/** The rotation of each head of each step. */
function rotationOfEach({ batch, heads, rotationStrides }: LshHashProblem, steps: Steps): Int32Array {
  const parts = (steps.count * steps.heads) / (batch * heads);
  return Int32Array.from({ length: steps.count * steps.heads }, (_, i) => {
    const head = Math.floor(i / parts);
    return rotationStrides.batch > 0 ? head : head % heads;
  });
}

/** Adds the buckets [heads, tokens, R] i32 of scores [heads, tokens, R · W]. */
function emitBuckets(body: GraphScope, scores: Name, problem: LshHashProblem, steps: Steps): Name {
  const { rounds, width, factors } = problem;
  const { model } = body;
  const shape = [steps.heads, steps.tokens, rounds];
  const byRound = body.reshape(scores, [...shape, width]);
  let column = 0;
  let unit = 1;
  let bucket: Name | undefined;
  for (const factor of factors) {
    const end = column + factor / 2;
    const part = factors.length === 1 ? byRound : body.slice(byRound, [column, end], 3);
    const hash = emitHash(body, part, factor);
    const digit = unit === 1 ? hash : body.op('Mul', [hash, model.scalar(unit, 'i64')]);
    bucket = bucket === undefined ? digit : body.op('Add', [bucket, digit]);
    column = end;
    unit *= factor;
  }
  return body.cast(bucket ?? '', 'i32');
}

/**
 * Adds the index of the first maximum of [s; −s] along the last axis, i64. Without NaN the concatenation is
 * avoided: it is the index of the maximum of s, or of its minimum where that is larger in magnitude.
 */
function emitHash(body: GraphScope, scores: Name, factor: number): Name {
  const { model } = body;
  const last = { axis: -1, keepdims: 0 };
  const exact = (branch: GraphScope): Name => {
    const isNaN = branch.op('IsNaN', [scores]);
    const sound = [scores, branch.op('Neg', [scores])].map((half) =>
      branch.op('Where', [isNaN, model.scalar(-Infinity), half]),
    );
    return branch.op('ArgMax', [branch.op('Concat', sound, { axis: -1 })], last);
  };
  const fast = (branch: GraphScope): Name => {
    const axes = model.integers([-1]);
    const most = branch.op('ReduceMax', [scores, axes], { keepdims: 0 });
    const least = branch.op('Neg', [branch.op('ReduceMin', [scores, axes], { keepdims: 0 })]);
    const negative = branch.op('Add', [branch.op('ArgMin', [scores], last), model.scalar(factor / 2, 'i64')]);
    const isPositive = branch.op('GreaterOrEqual', [most, least]);
    return branch.op('Where', [isPositive, branch.op('ArgMax', [scores], last), negative]);
  };
  const [index] = emitIf(body, {
    condition: emitHasNaN(body, scores),
    outputs: 1,
    whenTrue: (branch) => [exact(branch)],
    whenFalse: (branch) => [fast(branch)],
    dtype: 'i64',
  });
  return index;
}
