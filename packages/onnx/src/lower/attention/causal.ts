/**
 * Causal attention as large products. A `Scan` over the heads takes blocks of rows; each block multiplies the
 * blocks of keys before it, and its own keys, of which it sees triangles and what lies before them. The parts
 * of a row add up (`unshifted.ts`), so no logits are joined and nothing is merged. Where a row needs it, the
 * scans of any other pattern run as well.
 *
 * The sums of a part, and the sums of its weights, are columns of one value. ONNX Runtime runs all that a
 * value needs before the next one: with sums of weights apart, it would hold the weights of all parts, n² of
 * a head, until it comes to these.
 */
import type { AttentionProblem, NodeOf } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import type { CausalBlocks } from './causal-blocks.ts';
import { emitScores } from './logits.ts';
import { headsFirst } from './operands.ts';
import type { StepResult } from './softmax.ts';
import { emitCorrected, emitNormalised, type UnshiftedSums } from './unshifted.ts';

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
  return emitCorrected(main, fast, { rows, returnLse, exact: emitExact });
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
  const join = (parts: readonly Name[]): Name =>
    parts.length === 1 ? parts[0] : body.op('Concat', parts, { axis: lead.length });
  /** Sums of rows of all heads that share keys, apart. */
  const byHead = (sums: JoinedSums, rows: number): JoinedSums =>
    body.reshape(sums, [...lead, rows, valueDim + 1]);
  const results: JoinedSums[] = [];
  // Products with columns need not turn their keys, again for each block of rows.
  const columns = body.op('Transpose', [operands.k], { perm: [1, 0] });
  const keysOf = ([from, to]: Range): KeyBlock => ({
    keys: body.slice(columns, [from, to], 1),
    values: body.slice(operands.v, [from, to], 0),
  });
  const blocksBefore = keyBlocksOf(keysOf, blocks.keys);
  const queriesOf = ([from, to]: Range): Name => {
    const part = body.slice(operands.q, [from, to], lead.length);
    return shared === 1 ? part : body.reshape(part, [shared * (to - from), headDim]);
  };
  const partOf = (q: Name, { keys, values }: KeyBlock): WeightedValues => {
    const scores = emitScores(body, { problem, portable, q, keys, rank: 2, areColumns: true });
    return { weights: body.op('Exp', [scores]), values };
  };
  /** The sums of some rows over their own keys and those before, from a first one on. */
  const sumsOfTriangle = (first: number, [from, to]: Range): JoinedSums => {
    const rows = to - from;
    const q = queriesOf([from, to]);
    const own = partOf(q, keysOf([from, to]));
    // Later keys are hidden, for each of the heads that share them.
    const square = body.reshape(own.weights, [shared, rows, rows]);
    const visible = body.reshape(body.op('Trilu', [square], { upper: 0 }), [shared * rows, rows]);
    const parts = [{ weights: visible, values: own.values }];
    if (first < from) parts.push(partOf(q, keysOf([first, from])));
    return addUp(body, parts);
  };
  for (let start = 0; start < n; start += blocks.rows) {
    const end = Math.min(n, start + blocks.rows);
    const triangles: JoinedSums[] = [];
    for (let from = start; from < end; from += blocks.triangle) {
      const to = Math.min(end, from + blocks.triangle);
      triangles.push(byHead(sumsOfTriangle(start, [from, to]), to - from));
    }
    const own = body.reshape(join(triangles), [shared * (end - start), valueDim + 1]);
    const before = blocksBefore(start);
    const q = before.length === 0 ? '' : queriesOf([start, end]);
    const sums = addUp(
      body,
      before.map((block) => partOf(q, block)),
      own,
    );
    results.push(byHead(sums, end - start));
  }
  const sums = join(results);
  const columnsOf = (from: number, to: number): Name => body.slice(sums, [from, to], lead.length + 1);
  body.output(columnsOf(0, valueDim), { dtype: 'f32', shape: [...lead, n, valueDim] });
  body.output(columnsOf(valueDim, valueDim + 1), { dtype: 'f32', shape: [...lead, n, 1] });
  const [sum, total] = main.ops('Scan', inputs, 2, { num_scan_inputs: 3, body });
  return { sum, total };
}

/** The columns of `UnshiftedSums` side by side: [rows, Dv + 1]. */
type JoinedSums = Name;

/** The operands of a head of keys: q [N, D], or [shared, N, D] if heads share it, k [N, D], and v [N, Dv]. */
type HeadOperands = Readonly<Record<'q' | 'k' | 'v', Name>>;

/** Rows from one to before another. */
type Range = readonly [from: number, to: number];

/** Some keys of a head as columns, and their values. */
interface KeyBlock {
  readonly keys: Name;
  readonly values: Name;
}

/** Weights of some rows, and the values that they weigh. */
interface WeightedValues {
  readonly weights: Name;
  readonly values: Name;
}

/** Returns a function that cuts the keys before one into blocks. Whole blocks are cut once for all. */
function keyBlocksOf(keysOf: (range: Range) => KeyBlock, size: number): (end: number) => KeyBlock[] {
  const wholeBlocks: KeyBlock[] = [];
  return (end) => {
    const whole = Math.floor(end / size);
    while (wholeBlocks.length < whole) {
      const from = wholeBlocks.length * size;
      wholeBlocks.push(keysOf([from, from + size]));
    }
    const blocks = wholeBlocks.slice(0, whole);
    return whole * size < end ? [...blocks, keysOf([whole * size, end])] : blocks;
  };
}

/** Adds up weighted values and weights of all parts of some rows, and what there is already. */
function addUp(body: GraphScope, parts: readonly WeightedValues[], first?: JoinedSums): JoinedSums {
  const last = body.model.integers([-1]);
  const sums = parts.map(({ weights, values }): JoinedSums => {
    const sum = body.op('MatMul', [weights, values]);
    const total = body.op('ReduceSum', [weights, last], { keepdims: 1 });
    return body.op('Concat', [sum, total], { axis: -1 });
  });
  return [...(first === undefined ? [] : [first]), ...sums].reduce((before, part) =>
    body.op('Add', [part, before]),
  );
}
