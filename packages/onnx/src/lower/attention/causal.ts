/**
 * Causal attention as large products. A `Scan` over the heads takes blocks of rows; each block multiplies a
 * few blocks of keys before it, and its own keys, where a triangle hides the later ones. The parts of a row
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
  const q = body.input('queries', { dtype: 'f32', shape: [...lead, n, headDim] });
  const k = body.input('keys', { dtype: 'f32', shape: [n, headDim] });
  const v = body.input('values', { dtype: 'f32', shape: [n, valueDim] });
  const { model } = body;
  const slice = (name: Name, start: number, end: number, axis = 0): Name =>
    body.op('Slice', [name, model.integers([start]), model.integers([end]), model.integers([axis])]);
  const last = model.integers([-1]);
  const triangles = new Map<number, Name>();
  const triangleOf = (rows: number): Name => {
    const triangle =
      triangles.get(rows) ??
      model.array('triangle', { dtype: 'f32', shape: [rows, rows] }, lowerTriangle(rows));
    triangles.set(rows, triangle);
    return triangle;
  };
  const wholeBlocks: { readonly keys: Name; readonly values: Name }[] = [];
  const sums: Name[] = [];
  const totals: Name[] = [];
  for (let start = 0; start < n; start += blocks.rows) {
    const rows = Math.min(blocks.rows, n - start);
    const part = slice(q, start, start + rows, lead.length);
    const queries = shared === 1 ? part : body.reshape(part, [shared * rows, headDim]);
    let sum: Name | undefined;
    let total: Name | undefined;
    const add = (weights: Name, values: Name): void => {
      const product = body.op('MatMul', [weights, values]);
      const ofWeights = body.op('ReduceSum', [weights, last], { keepdims: 1 });
      sum = sum === undefined ? product : body.op('Add', [product, sum]);
      total = total === undefined ? ofWeights : body.op('Add', [ofWeights, total]);
    };
    const weightsOf = (keys: Name): Name =>
      body.op('Exp', [emitScores(body, { problem, portable, q: queries, keys, rank: 2 })]);
    /** Own weights, of which those of later keys are 0: by head, since all heads share a triangle. */
    const own = weightsOf(slice(k, start, start + rows));
    const byHead = shared === 1 ? own : body.reshape(own, [shared, rows, rows]);
    const visible = body.op('Mul', [byHead, triangleOf(rows)]);
    add(shared === 1 ? visible : body.reshape(visible, [shared * rows, rows]), slice(v, start, start + rows));
    const whole = Math.floor(start / blocks.keys);
    for (let block = 0; block < whole; block++) {
      const [from, to] = [block * blocks.keys, (block + 1) * blocks.keys];
      wholeBlocks[block] ??= { keys: slice(k, from, to), values: slice(v, from, to) };
      add(weightsOf(wholeBlocks[block].keys), wholeBlocks[block].values);
    }
    const rest = whole * blocks.keys;
    if (rest < start) add(weightsOf(slice(k, rest, start)), slice(v, rest, start));
    sums.push(body.reshape(sum ?? '', [...lead, rows, valueDim]));
    totals.push(body.reshape(total ?? '', [...lead, rows, 1]));
  }
  const join = (parts: readonly Name[]): Name => body.op('Concat', parts, { axis: lead.length });
  body.output(join(sums), { dtype: 'f32', shape: [...lead, n, valueDim] });
  body.output(join(totals), { dtype: 'f32', shape: [...lead, n, 1] });
  const [sum, total] = main.ops('Scan', inputs, 2, { num_scan_inputs: 3, body });
  return { sum, total };
}

/** [rows, rows]: 1 where a query sees a key of its own block, else 0. */
function lowerTriangle(rows: number): Float32Array {
  return Float32Array.from({ length: rows * rows }, (_, i) => (i % rows <= Math.floor(i / rows) ? 1 : 0));
}
