/**
 * Runs of nodes that compute each row by itself, such as the two products of a feed-forward layer. Computed a
 * block of rows at a time, the wide values between them never exist as a whole. For a long input these are
 * the largest of a layer.
 */
import type { Graph, GraphNode, ValueId } from '../graph/graph.ts';
import { BINARY_OPS, UNARY_OPS } from '../ops/pointwise/names.ts';
import { byteLengthOf, sizeOf, type Tensor, type TensorSpec } from '../tensor.ts';

/** Nodes that are run together, once for each block of rows. A row is a slice along the last axis. */
export interface RowBlocks {
  /** The indices of the first and the last node. */
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  /** Rows of a block; the last block may have fewer. */
  readonly blockRows: number;
  /** The values that have these rows. The nodes read all others, such as weights, as a whole. */
  readonly byRows: ReadonlySet<ValueId>;
  /** The values of `byRows` that only these nodes use, so that one block of each is enough. */
  readonly inner: ReadonlySet<ValueId>;
}

/** Bytes of the inner values of a block. */
const BLOCK_BYTES = 16 * 2 ** 20;

/** Blocks are a multiple of so many rows, because kernels compute 48 or 64 rows at a time. */
const ROW_MULTIPLE = 192;

/**
 * The runs of a graph that are worth it: their inner values that are wider than their result take more than
 * two blocks of `blockBytes`, 16 MiB by default.
 */
export function rowBlocks(graph: Graph, blockBytes: number = BLOCK_BYTES): RowBlocks[] {
  const lastUses = new Map<ValueId, number>();
  graph.nodes.forEach(({ inputs }, index) => {
    for (const id of Object.values(inputs)) lastUses.set(id, index);
  });
  for (const id of graph.outputs.values()) lastUses.set(id, Infinity);
  const runs = graph.nodes
    .map((_, first) => blocksFrom(graph, first, lastUses, blockBytes))
    .filter((run) => run !== undefined);
  // Most saved bytes first; among equals the shorter run, since more nodes only hold more values.
  const saved = (run: RowBlocks): number => wideBytes(graph, run);
  const length = ({ first, last }: RowBlocks): number => last - first;
  const chosen: RowBlocks[] = [];
  for (const run of runs.toSorted((a, b) => saved(b) - saved(a) || length(a) - length(b))) {
    if (chosen.every(({ first, last }) => run.last < first || last < run.first)) chosen.push(run);
  }
  return chosen.toSorted((a, b) => a.first - b.first);
}

/** Bytes of the inner values that are wider than the result. */
function wideBytes({ values, nodes }: Graph, { last, inner }: Pick<RowBlocks, 'last' | 'inner'>): number {
  const result = byteLengthOf(values[nodes[last].outputs[0]]);
  const sizes = [...inner].map((id) => byteLengthOf(values[id]));
  return sizes.reduce((sum, size) => sum + (size > result ? size : 0), 0);
}

/** The shortest run from a node on that is worth it. */
function blocksFrom(
  graph: Graph,
  first: number,
  lastUses: ReadonlyMap<ValueId, number>,
  blockBytes: number,
): RowBlocks | undefined {
  const shapeOf = (id: ValueId): readonly number[] => graph.values[id].shape;
  const leading = shapeOf(graph.nodes[first].outputs[0]).slice(0, -1);
  const byRows = new Set<ValueId>();
  const results = new Set<ValueId>();
  for (let last = first; last < graph.nodes.length; last++) {
    const node = graph.nodes[last];
    const [result] = node.outputs;
    const operands = rowOperands(graph, node);
    if (operands === undefined) return undefined;
    const haveRows = [...operands, result].every((id) => shapeOf(id).slice(0, -1).join() === leading.join());
    const isWholeMade = Object.values(node.inputs).some((id) => results.has(id) && !operands.includes(id));
    if (!haveRows || isWholeMade) return undefined;
    for (const id of [...operands, result]) byRows.add(id);
    const inner = new Set([...results].filter((id) => (lastUses.get(id) ?? Infinity) <= last));
    results.add(result);
    if (inner.size < results.size - 1) continue;
    const run = { first, last, rows: sizeOf(leading), byRows, inner };
    const blockRows = blockRowsOf(graph, run, blockBytes);
    if (blockRows !== undefined) return { ...run, blockRows };
  }
  return undefined;
}

/**
 * The operands of a node of which a row of its result needs the same row alone; undefined where there is more
 * that it needs.
 */
function rowOperands(graph: Graph, { op, inputs, outputs }: GraphNode): ValueId[] | undefined {
  if (op === 'linear' || op === 'quantizedLinear' || isIn(UNARY_OPS, op)) return [inputs.x];
  if (!isIn(BINARY_OPS, op)) return undefined;
  const shapeOf = (id: ValueId): readonly number[] => graph.values[id].shape;
  const axes = shapeOf(outputs[0]).length;
  const operands = [inputs.a, inputs.b];
  // The others are one row, which is broadcast.
  return operands.filter((id) => shapeOf(id).length === axes && sizeOf(shapeOf(id).slice(0, -1)) !== 1);
}

function isIn(names: readonly string[], op: string): boolean {
  return names.includes(op);
}

/** How many rows a block has; undefined where blocks are not worth it. */
function blockRowsOf(
  graph: Graph,
  run: Omit<RowBlocks, 'blockRows'>,
  blockBytes: number,
): number | undefined {
  if (wideBytes(graph, run) <= 2 * blockBytes) return undefined;
  const { rows, inner } = run;
  const bytes = [...inner].reduce((sum, id) => sum + byteLengthOf(graph.values[id]), 0);
  const most = Math.max(1, Math.floor((blockBytes * rows) / bytes / ROW_MULTIPLE)) * ROW_MULTIPLE;
  const count = Math.ceil(rows / most);
  const blockRows = Math.ceil(rows / count / ROW_MULTIPLE) * ROW_MULTIPLE;
  return blockRows < rows ? blockRows : undefined;
}

/** The specs of a graph's values, where inner values of blocks have the rows of a block. */
export function specsInBlocks({ values }: Graph, blocks: readonly RowBlocks[]): TensorSpec[] {
  const specs = [...values];
  for (const { inner, blockRows } of blocks) {
    for (const id of inner) specs[id] = { ...specs[id], shape: blockShape(specs[id].shape, blockRows) };
  }
  return specs;
}

/** Some rows of a tensor, in place. */
export function rowsFrom({ dtype, shape, data }: Tensor, from: number, count: number): Tensor {
  const width = shape[shape.length - 1];
  return {
    dtype,
    shape: blockShape(shape, count),
    data: data.subarray(from * width, (from + count) * width),
  };
}

/** The shape of a value with all its rows along one axis, so that it broadcasts as before. */
export function blockShape(shape: readonly number[], rows: number): readonly number[] {
  return shape.map((extent, axis) =>
    axis === shape.length - 1 ? extent : axis === shape.length - 2 ? rows : 1,
  );
}
