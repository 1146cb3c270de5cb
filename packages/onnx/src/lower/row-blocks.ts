/**
 * Nodes that compute each row by itself, as a `Scan` over blocks of rows: what is between them exists for one
 * block at a time. ONNX Runtime reads the blocks where they are, and writes the results where they stay.
 */
import { blockShape, type GraphNode, type RowBlocks, type ValueId } from '@attn/core/backend';
import type { Name, ValueType } from '../model/values.ts';
import type { LoweringContext } from './context.ts';

/** Whether a run of nodes can be scanned. Weights of codes are unpacked once for all rows, so not those. */
export function canScan({ graph }: LoweringContext, { first, last }: RowBlocks): boolean {
  return graph.nodes.slice(first, last + 1).every(({ op }) => op !== 'quantizedLinear');
}

/** Lowers a run of nodes, each with `lower`. */
export function lowerRowBlocks(
  context: LoweringContext,
  run: RowBlocks,
  lower: (context: LoweringContext, node: GraphNode) => void,
): void {
  const { graph, main } = context;
  const nodes = graph.nodes.slice(run.first, run.last + 1);
  const [result] = nodes[nodes.length - 1].outputs;
  const { count, rows } = equalBlocks(run);
  const body = main.body();
  const values = graph.values.map((spec, id) =>
    run.byRows.has(id) ? { ...spec, shape: blockShape(spec.shape, rows) } : spec,
  );
  const inner = context.within(body, { ...graph, values });
  const typeOf = (id: ValueId): ValueType => {
    const { dtype, shape } = values[id];
    return { dtype: dtype === 'f16' ? 'f32' : dtype, shape };
  };
  const sizesOf = (id: ValueId): Sizes => {
    return { width: values[id].shape.at(-1) ?? 1, rows: run.rows, all: count * rows };
  };
  const results = new Set(nodes.flatMap(({ outputs }) => outputs));
  const scanned = [...run.byRows].filter((id) => !results.has(id));
  const inputs = scanned.map((id): Name => {
    inner.setMoved(id, body.input('rows', typeOf(id)));
    const value = filledUp(context, context.value(id), sizesOf(id));
    return main.reshape(value, [count, ...values[id].shape]);
  });
  for (const node of nodes) lower(inner, node);
  body.output(inner.value(result), typeOf(result));
  const [out] = main.ops('Scan', inputs, 1, { num_scan_inputs: inputs.length, body });
  const whole = cutOff(context, out, sizesOf(result));
  context.setMoved(result, main.reshape(whole, context.spec(result).shape));
}

/** Blocks of one size, as `Scan` needs them, that have all rows; with as few rows too many as possible. */
function equalBlocks({ rows, blockRows }: RowBlocks): { readonly count: number; readonly rows: number } {
  const least = Math.ceil(rows / blockRows);
  for (let count = least; count <= 2 * least; count++)
    if (rows % count === 0) return { count, rows: rows / count };
  return { count: least, rows: Math.ceil(rows / least) };
}

/** A value with rows of zeros added to its own, so that there are `all`; of any shape. */
function filledUp({ main, model }: LoweringContext, value: Name, { width, rows, all }: Sizes): Name {
  if (rows === all) return value;
  const zeros = main.op('Expand', [model.scalar(0), model.integers([all - rows, width])]);
  return main.op('Concat', [main.reshape(value, [rows, width]), zeros], { axis: 0 });
}

/** The first rows of `all`. */
function cutOff({ main }: LoweringContext, value: Name, { width, rows, all }: Sizes): Name {
  return rows === all ? value : main.slice(main.reshape(value, [all, width]), [0, rows], 0);
}

interface Sizes {
  readonly width: number;
  readonly rows: number;
  readonly all: number;
}
