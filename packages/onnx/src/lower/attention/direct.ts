/**
 * Attention of a few queries to all keys, as in a step of a decoder: one product with the keys, one with the
 * values. It reads keys and values where they are, also those of a state whose rows this run writes.
 */
import type { AttentionProblem, NodeOf, ValueId } from '@attn/core/backend';
import { MICROSOFT } from '../../model/domains.ts';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import { joinRows, replaceRows, type WrittenRows } from '../written-rows.ts';
import { headsFirst } from './operands.ts';
import {
  emitExact,
  emitGreatest,
  emitHasNaN,
  emitIf,
  emitWeights,
  LEAST,
  withLse,
  type StepResult,
} from './softmax.ts';

/** Keys or values [B, Hkv, Nk, dim]: as they are, or as rows that replace those of an older tensor. */
type Rows = { readonly whole: Name } | { readonly written: WrittenRows };

/**
 * Adds attention. The results are `out` [B, H, Nq, Dv] and `lse` [B, H, Nq].
 *
 * @param hidden [B, 1, Nq, Nk]: −∞ where a pair is hidden, else 0; undefined where none is hidden
 */
export function emitDirect(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  hidden?: Name,
): StepResult {
  const { main, model } = context;
  const { batch, heads, kvHeads, queryLength, keyLength, headDim, valueDim, softcap, returnLse } = problem;
  /** The queries of all heads that share a key head are rows of one product. */
  const rows = (heads / kvHeads) * queryLength;
  const shared = (name: Name, width: number): Name =>
    kvHeads === heads ? name : main.reshape(name, [batch, kvHeads, rows, width]);
  const perHead = (name: Name, width: number): Name =>
    kvHeads === heads ? name : main.reshape(name, [batch, heads, queryLength, width]);

  const scale = softcap === undefined ? problem.scale : problem.scale / softcap;
  // ONNX Runtime computes a product of one row where the keys are, unless the product has a factor; it would
  // make one of a scalar.
  const factors = new Float32Array(headDim).fill(scale);
  const scaled = main.op('Mul', [
    headsFirst(context, node.inputs.q, problem),
    model.array('scale', { dtype: 'f32', shape: [headDim] }, factors),
  ]);
  const k = rowsOf(context, node.inputs.k, problem);
  const v = rowsOf(context, node.inputs.v, problem);
  let logits = perHead(emitProducts(context, shared(scaled, headDim), k), keyLength);
  if (softcap !== undefined) logits = main.op('Mul', [main.op('Tanh', [logits]), model.scalar(softcap)]);
  const bias = context.input(node, 'bias');
  if (bias !== undefined) logits = main.op('Add', [logits, bias]);

  const masked = hidden === undefined ? logits : main.op('Add', [logits, hidden]);
  const fast = emitRows(main, {
    logits: masked,
    sum: (weights) => perHead(emitSums(context, shared(weights, keyLength), v), valueDim),
    returnLse,
  });
  const parts = present(fast);
  const corrected = (branch: GraphScope): readonly Name[] => {
    const values = 'whole' in v ? v.whole : joinRows(branch, v.written);
    const exact = emitExact(branch, {
      logits,
      hidden,
      values: repeated(branch, values, problem),
      returnLse,
    });
    // Numbers of the fast form stay, so that the contents of one row change no bit of another.
    return present(exact).map((exactPart, index) =>
      branch.op('Where', [branch.op('IsNaN', [parts[index]]), exactPart, parts[index]]),
    );
  };
  const [out, lse] = emitIf(main, {
    condition: emitHasNaN(main, fast.out),
    outputs: parts.length,
    whenTrue: corrected,
    whenFalse: (branch) => parts.map((name) => branch.op('Identity', [name])),
  });
  return { out, lse };
}

/**
 * Adds softmax and sums of values in a form that is NaN where the exact one is needed. Most keys of a cache
 * may be hidden by −∞, over which ONNX Runtime's Softmax takes up to ten times as long.
 */
function emitRows(
  scope: GraphScope,
  {
    logits,
    sum,
    returnLse,
  }: { readonly logits: Name; readonly sum: (weights: Name) => Name; readonly returnLse: boolean },
): StepResult {
  const { model } = scope;
  const last = model.integers([-1]);
  const greatest = emitGreatest(scope, logits);
  const weights = emitWeights(scope, scope.op('Sub', [logits, greatest]));
  const total = scope.op('ReduceSum', [weights, last], { keepdims: 1 });
  const mean = scope.op('Div', [sum(weights), scope.op('Max', [total, model.scalar(LEAST)])]);
  // Neither NaN nor +∞ is less than +∞.
  const sumOfLogits = scope.op('ReduceSum', [logits, last], { keepdims: 1 });
  const isSound = scope.op('Less', [sumOfLogits, model.scalar(Infinity)]);
  const sound = (name: Name): Name => scope.op('Where', [isSound, name, model.scalar(NaN)]);
  const rows = { out: sound(mean), greatest, total: sound(total) };
  return returnLse ? withLse(scope, rows) : { out: rows.out };
}

function present({ out, lse }: StepResult): readonly Name[] {
  return lse === undefined ? [out] : [out, lse];
}

function rowsOf(context: LoweringContext, id: ValueId, problem: AttentionProblem): Rows {
  const written = context.written(id);
  // In another layout, or along another axis, the rows are no rows of the products.
  if (written !== undefined && problem.layout === 'bhnd' && written.axis === 2) return { written };
  return { whole: headsFirst(context, id, problem) };
}

/** Adds the products of queries [B, Hkv, rows, D] with all keys: [B, Hkv, rows, Nk]. */
function emitProducts({ main, options }: LoweringContext, queries: Name, keys: Rows): Name {
  const productsWith = (name: Name): Name => {
    if (!options.portable) return main.op('FusedMatMul', [queries, name], { transB: 1 }, MICROSOFT);
    const columns = main.op('Transpose', [queries], { perm: [0, 1, 3, 2] });
    return main.op('Transpose', [main.op('MatMul', [name, columns])], { perm: [0, 1, 3, 2] });
  };
  if ('whole' in keys) return productsWith(keys.whole);
  const { written } = keys;
  return replaceRows(main, written, {
    whole: productsWith(written.old()),
    rows: productsWith(written.rows),
    axis: 3,
  });
}

/**
 * Adds the sums of values by weights [B, Hkv, rows, Nk]: [B, Hkv, rows, Dv]. Values that were replaced have
 * the weight 0; where one is not finite the sum is NaN, which asks for the exact form.
 */
function emitSums(context: LoweringContext, weights: Name, values: Rows): Name {
  const { main, model } = context;
  if ('whole' in values) return main.op('MatMul', [weights, values.whole]);
  const { written } = values;
  const ofRows = main.op('Slice', [weights, written.start, written.end, model.integers([3])]);
  const nothing = main.op('Mul', [ofRows, model.scalar(0)]);
  const ofOthers = replaceRows(main, written, { whole: weights, rows: nothing, axis: 3 });
  return main.op('Add', [
    main.op('MatMul', [ofOthers, written.old()]),
    main.op('MatMul', [ofRows, written.rows]),
  ]);
}

/** Values [B, Hkv, Nk, Dv] for each head: [B, H, Nk, Dv]. */
function repeated(scope: GraphScope, values: Name, problem: AttentionProblem): Name {
  const { batch, heads, kvHeads, keyLength, valueDim } = problem;
  if (kvHeads === heads) return values;
  const { model } = scope;
  const grouped = scope.reshape(values, [batch, kvHeads, 1, keyLength, valueDim]);
  const shape = model.integers([batch, kvHeads, heads / kvHeads, keyLength, valueDim]);
  return scope.reshape(scope.op('Expand', [grouped, shape]), [batch, heads, keyLength, valueDim]);
}
