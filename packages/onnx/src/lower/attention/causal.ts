/**
 * Causal attention as large products. A `Scan` over the heads takes blocks of rows; each block multiplies a
 * few blocks of keys before it, and its own keys, of which it sees a triangle. The parts of a row
 * add up (`unshifted.ts`), so no logits are joined and nothing is merged. Where a row needs it, the scans of
 * any other pattern run as well.
 */
import type { AttentionProblem, NodeOf } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import type { CausalBlocks } from './causal-blocks.ts';
import { emitScores } from './logits.ts';
import { headsFirst } from './operands.ts';
import { emitIf, type StepResult } from './softmax.ts';
import { emitNormalised, type UnshiftedSums } from './unshifted.ts';

/**
 * Adds causal attention. Results are `out` [B, H, N, Dv] and `lse` [B, H, N].
 * @param emitExact adds the exact form of all rows, which runs only where some row needs it
 */
export function emitCausal(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  blocks: CausalBlocks,
  emitExact: (scope: GraphScope) => StepResult,
): StepResult {
  const { main, options } = context;
  const { batch, heads, queryLength, valueDim, returnLse } = problem;
  const rows = [batch, heads, queryLength];
  const parts = emitSums(context, node, problem, blocks, options.portable);
  const fast = emitNormalised(main, {
    sum: main.reshape(parts.sum, [...rows, valueDim]),
    total: main.reshape(parts.total, [...rows, 1]),
  });
  const [out, lse] = emitIf(main, {
    condition: main.op('IsNaN', [main.op('ReduceSum', [fast.probe], { keepdims: 0 })]),
    outputs: returnLse ? 2 : 1,
    whenTrue: (branch) => {
      const exact = emitExact(branch);
      const isSound = branch.op('Not', [branch.op('IsNaN', [fast.probe])]);
      const corrected = [branch.op('Where', [isSound, fast.out(branch), exact.out])];
      if (exact.lse !== undefined) {
        const isSoundRow = branch.reshape(isSound, rows);
        corrected.push(branch.op('Where', [isSoundRow, fast.lse(branch), exact.lse]));
      }
      return corrected;
    },
    whenFalse: (branch) => (returnLse ? [fast.out(branch), fast.lse(branch)] : [fast.out(branch)]),
  });
  return { out, lse };
}

/** Adds the sums of all rows: `sum` [B·Hkv, …, N, Dv] and `total` [B·Hkv, …, N, 1]. */
function emitSums(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  blocks: CausalBlocks,
  portable: boolean,
): UnshiftedSums {
  const { main } = context;
  const { batch, heads, kvHeads, queryLength: n, headDim, valueDim } = problem;
  /** Query heads that share a head of keys. Their rows are one block. */
  const shared = heads / kvHeads;
  const lead = shared === 1 ? [] : [shared];
  const operand = (name: 'q' | 'k' | 'v', shape: readonly number[]): Name =>
    main.reshape(headsFirst(context, node.inputs[name], problem), [batch * kvHeads, ...shape]);
  const inputs = [
    operand('q', [...lead, n, headDim]),
    operand('k', [n, headDim]),
    operand('v', [n, valueDim]),
  ];

  const body = main.body();
  const operands: HeadOperands = {
    q: body.input('queries', { dtype: 'f32', shape: [...lead, n, headDim] }),
    k: body.input('keys', { dtype: 'f32', shape: [n, headDim] }),
    v: body.input('values', { dtype: 'f32', shape: [n, valueDim] }),
  };
  const results: UnshiftedSums[] = [];
  const cutBlocks = keyBlocksOf(body, operands, blocks.keys);
  for (let start = 0; start < n; start += blocks.rows) {
    const rows = Math.min(blocks.rows, n - start);
    const part = cut(body, operands.q, [start, start + rows], lead.length);
    const q = shared === 1 ? part : body.reshape(part, [shared * rows, headDim]);
    const weightsOf = (keys: Name): Name =>
      body.op('Exp', [emitScores(body, { problem, portable, q, keys, rank: 2 })]);
    // Later keys of the block itself are hidden, for each of the heads that share them.
    const own = body.reshape(weightsOf(cut(body, operands.k, [start, start + rows])), [shared, rows, rows]);
    const visible = body.reshape(body.op('Trilu', [own], { upper: 0 }), [shared * rows, rows]);
    const parts = [
      { weights: visible, values: cut(body, operands.v, [start, start + rows]) },
      ...cutBlocks(start).map(({ keys, values }) => ({ weights: weightsOf(keys), values })),
    ];
    const { sum, total } = addUp(body, parts);
    results.push({
      sum: body.reshape(sum, [...lead, rows, valueDim]),
      total: body.reshape(total, [...lead, rows, 1]),
    });
  }
  const join = (parts: readonly Name[]): Name => body.op('Concat', parts, { axis: lead.length });
  body.output(join(results.map(({ sum }) => sum)), { dtype: 'f32', shape: [...lead, n, valueDim] });
  body.output(join(results.map(({ total }) => total)), { dtype: 'f32', shape: [...lead, n, 1] });
  const [sum, total] = main.ops('Scan', inputs, 2, { num_scan_inputs: 3, body });
  return { sum, total };
}

/** The operands of a head of keys: q [N, D], or [shared, N, D] if heads share it, k [N, D], and v [N, Dv]. */
type HeadOperands = Readonly<Record<'q' | 'k' | 'v', Name>>;

/** Some keys of a head, and their values. */
interface KeyBlock {
  readonly keys: Name;
  readonly values: Name;
}

/** Rows from one to before another, along an axis. */
function cut(body: GraphScope, name: Name, [from, to]: readonly [number, number], axis = 0): Name {
  const { model } = body;
  return body.op('Slice', [name, model.integers([from]), model.integers([to]), model.integers([axis])]);
}

/** Returns a function that cuts the keys before one into blocks. Whole blocks are cut once for all. */
function keyBlocksOf(body: GraphScope, { k, v }: HeadOperands, size: number): (end: number) => KeyBlock[] {
  const wholeBlocks: KeyBlock[] = [];
  const block = (from: number, to: number): KeyBlock => {
    return { keys: cut(body, k, [from, to]), values: cut(body, v, [from, to]) };
  };
  return (end) => {
    const whole = Math.floor(end / size);
    while (wholeBlocks.length < whole) {
      const from = wholeBlocks.length * size;
      wholeBlocks.push(block(from, from + size));
    }
    const blocks = wholeBlocks.slice(0, whole);
    return whole * size < end ? [...blocks, block(whole * size, end)] : blocks;
  };
}

/** Adds up weighted values and weights of all parts of some rows. */
function addUp(
  body: GraphScope,
  parts: readonly { readonly weights: Name; readonly values: Name }[],
): UnshiftedSums {
  const last = body.model.integers([-1]);
  return parts
    .map(({ weights, values }) => ({
      sum: body.op('MatMul', [weights, values]),
      total: body.op('ReduceSum', [weights, last], { keepdims: 1 }),
    }))
    .reduce((before, part) => ({
      sum: body.op('Add', [part.sum, before.sum]),
      total: body.op('Add', [part.total, before.total]),
    }));
}
