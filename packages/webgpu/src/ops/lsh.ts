/** The ops that LSH attention begins with, `lshHash` and `argsort`. Their results stay on the device. */
import type { DType, Graph } from '@attn/core';
import {
  lshHashProblem,
  inputSpecs,
  rowStrides,
  sizeOf,
  type LshHashProblem,
  type NodeOf,
  type ValueId,
} from '@attn/core/backend';
import { always, floatElementOf, specOf, type NodeProgram, type ProgramContext } from '../graph/context.ts';
import { DeviceScratch, DeviceTable, type Binding, type Dispatch } from '../graph/dispatch.ts';
import { HASH_TOKENS, LSH_HASH_PARAMS, lshHashKernel } from '../kernels/lsh/hash.ts';
import {
  DIGIT_BITS,
  DIGITS,
  SORT_BLOCK,
  SORT_PARAMS,
  sortCountKernel,
  sortMoveKernel,
  sortScanKernel,
} from '../kernels/radix-sort.ts';
import { rowGrid } from '../kernels/rows.ts';
import { packParams } from '../kernels/wgsl.ts';

/** The dispatch of an `lshHash` node. */
export function emitLshHash(context: ProgramContext, node: NodeOf<'lshHash'>): NodeProgram {
  const { inputs, outputs } = node;
  const problem = hashProblem(context.graph, node);
  const { batch, heads, length, headDim, rounds, width, factors, bucketCount, layout } = problem;
  if (batch * heads * length === 0) return always();
  const blocks = Math.ceil(length / HASH_TOKENS);
  const groups = batch * heads * rounds * blocks;
  const rows = rowStrides(layout, heads, length, headDim);
  const kernel = lshHashKernel({
    x: floatElementOf(context, inputs.x),
    rotations: floatElementOf(context, inputs.rotations),
    hasMask: inputs.keyMask !== undefined,
  });
  const params = {
    groups,
    blocks,
    length,
    heads,
    headDim,
    rounds,
    width,
    bucketCount,
    xBatch: rows.batch,
    xHead: rows.head,
    xToken: rows.row,
    rotationBatch: problem.rotationStrides.batch,
    rotationHead: problem.rotationStrides.head,
  };
  const table = new DeviceTable(Uint32Array.from(factors));
  const mask = inputs.keyMask === undefined ? [] : [inputs.keyMask];
  return always({
    kernel,
    params: packParams(LSH_HASH_PARAMS, params),
    bindings: [inputs.x, inputs.rotations, table, ...mask, outputs[0]],
    grid: rowGrid(groups),
  });
}

function hashProblem(graph: Graph, node: NodeOf<'lshHash'>): LshHashProblem {
  return lshHashProblem(inputSpecs(graph, node), node.attributes);
}

/** The dispatches of an `argsort` node: three for each pass of the sort. */
export function emitArgsort(context: ProgramContext, { inputs, outputs }: NodeOf<'argsort'>): NodeProgram {
  const { shape, dtype } = specOf(context, inputs.x);
  const passes = sortPasses(context.graph, inputs.x);
  return always(...sortDispatches({ x: inputs.x, to: outputs[0], shape, dtype, passes }));
}

/** Rows of integers to sort. */
export interface Sort {
  readonly x: Binding;
  /** Where the order goes. */
  readonly to: Binding;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Digits that the integers have. */
  readonly passes: number;
}

/** The dispatches that write the order of each row: three for each pass. */
export function sortDispatches({ x, to: out, shape, dtype, passes }: Sort): Dispatch[] {
  const { rows, length, blocks, countBytes } = sortSizes(shape);
  if (rows * length === 0) return [];
  const [counts, spare] = [new DeviceScratch(countBytes), new DeviceScratch(4 * rows * length)];
  const [count, scan, move] = [sortCountKernel(), sortScanKernel(), sortMoveKernel()];
  const dispatches: Dispatch[] = [];
  for (let pass = 0; pass < passes; pass++) {
    // The last pass writes the output.
    const [to, other] = (passes - pass) % 2 === 1 ? [out, spare] : [spare, out];
    // The first pass reads no places.
    const from = pass === 0 ? x : other;
    const shared = {
      length,
      blocks,
      shift: pass * DIGIT_BITS,
      flip: dtype === 'i32' ? 0x80000000 : 0,
      isFirst: pass === 0 ? 1 : 0,
    };
    const perBlock = packParams(SORT_PARAMS, { ...shared, groups: rows * blocks });
    const perRow = packParams(SORT_PARAMS, { ...shared, groups: rows });
    const grid = rowGrid(rows * blocks);
    dispatches.push(
      { kernel: count, params: perBlock, bindings: [x, from, counts], grid },
      { kernel: scan, params: perRow, bindings: [counts], grid: rowGrid(rows) },
      { kernel: move, params: perBlock, bindings: [x, from, counts, to], grid },
    );
  }
  return dispatches;
}

/**
 * Why a device with bindings of at most so many bytes cannot sort rows of this shape; undefined where it can.
 */
export function sortObstacle(shape: readonly number[], bindingBytes: number): string | undefined {
  const { rows, countBytes } = sortSizes(shape);
  if (countBytes <= bindingBytes) return undefined;
  return `the digits of ${rows} rows take ${countBytes} bytes, and this device binds at most ${bindingBytes}`;
}

/**
 * How many rows there are to sort and how long they are, their blocks, and the bytes that counts of digits
 * take.
 */
function sortSizes(shape: readonly number[]): {
  readonly rows: number;
  readonly length: number;
  readonly blocks: number;
  readonly countBytes: number;
} {
  const length = shape[shape.length - 1];
  const rows = sizeOf(shape.slice(0, -1));
  const blocks = Math.ceil(length / SORT_BLOCK);
  return { rows, length, blocks, countBytes: 4 * rows * DIGITS * blocks };
}

/**
 * Digits that a sort goes through: those of all integers, or, for buckets that the graph itself hashes, as
 * few as these need.
 */
export function sortPasses(graph: Graph, x: ValueId): number {
  const source = graph.nodes.find(({ outputs }) => outputs.includes(x));
  if (source === undefined || source.op !== 'lshHash') return 32 / DIGIT_BITS;
  const hidden = source.inputs.keyMask === undefined ? 0 : 1;
  return digitsOf(hashProblem(graph, source).bucketCount + hidden);
}

/** Digits of the integers below `count`. */
export function digitsOf(count: number): number {
  return Math.ceil(Math.ceil(Math.log2(count)) / DIGIT_BITS);
}
