/** Ops that move or drop elements and compute nothing. */
import {
  broadcastStrides,
  concatOperands,
  contiguousStrides,
  sizeOf,
  storageOf as memoryOf,
  type NodeOf,
  type ValueId,
} from '@attn/core/backend';
import { always, elementOf, specOf, type NodeProgram, type ProgramContext } from '../graph/context.ts';
import { GATHER_PARAMS, gatherKernel, WRITE_ROWS_PARAMS, writeRowsKernel } from '../kernels/elementwise.ts';
import { maskKernel, maskParams } from '../kernels/mask.ts';
import { moveDispatches } from '../kernels/move.ts';
import { elementGrid, packParams } from '../kernels/wgsl.ts';

/** A `reshape` needs no dispatch: both values share a buffer. */
export function emitReshape(): NodeProgram {
  return always();
}

/** The dispatches of a `transpose` node. */
export function emitTranspose(
  context: ProgramContext,
  { inputs, outputs, attributes }: NodeOf<'transpose'>,
): NodeProgram {
  const strides = contiguousStrides(specOf(context, inputs.x).shape);
  const { shape } = specOf(context, outputs[0]);
  const from = { id: inputs.x, offset: 0, strides: attributes.permutation.map((axis) => strides[axis]) };
  return always(
    ...moveDispatches(
      { shape, from, to: { id: outputs[0], offset: 0, strides: contiguousStrides(shape) } },
      elementOf(context, inputs.x),
    ),
  );
}

/** The dispatches of a `slice` node. */
export function emitSlice(
  context: ProgramContext,
  { inputs, outputs, attributes }: NodeOf<'slice'>,
): NodeProgram {
  const strides = contiguousStrides(specOf(context, inputs.x).shape);
  const offset = attributes.starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  const { shape } = specOf(context, outputs[0]);
  const to = { id: outputs[0], offset: 0, strides: contiguousStrides(shape) };
  return always(
    ...moveDispatches({ shape, from: { id: inputs.x, offset, strides }, to }, elementOf(context, inputs.x)),
  );
}

/** The dispatches of a `concat` node. */
export function emitConcat(
  context: ProgramContext,
  { inputs, outputs, attributes }: NodeOf<'concat'>,
): NodeProgram {
  const strides = contiguousStrides(specOf(context, outputs[0]).shape);
  let at = 0;
  return always(
    ...concatOperands(inputs).flatMap((id) => {
      const { shape } = specOf(context, id);
      const to = { id: outputs[0], offset: at * strides[attributes.axis], strides };
      at += shape[attributes.axis];
      const from = { id, offset: 0, strides: contiguousStrides(shape) };
      return moveDispatches({ shape, from, to }, elementOf(context, id));
    }),
  );
}

/** The dispatches of a `gather` node. */
export function emitGather(
  context: ProgramContext,
  { inputs, outputs, attributes }: NodeOf<'gather'>,
): NodeProgram {
  const { shape } = specOf(context, inputs.x);
  return gather(context, {
    x: inputs.x,
    indices: inputs.indices,
    y: outputs[0],
    extent: shape[attributes.axis],
    rest: shape.slice(attributes.axis + 1),
  });
}

/** The dispatches of an `embedding` node. */
export function emitEmbedding(
  context: ProgramContext,
  { inputs, outputs }: NodeOf<'embedding'>,
): NodeProgram {
  const [extent, ...rest] = specOf(context, inputs.table).shape;
  return gather(context, { x: inputs.table, indices: inputs.ids, y: outputs[0], extent, rest });
}

/** The dispatches of a `mask` node. */
export function emitMask(context: ProgramContext, { inputs, outputs }: NodeOf<'mask'>): NodeProgram {
  const { shape } = specOf(context, inputs.x);
  const count = sizeOf(shape);
  if (count === 0) return always();
  const strides = broadcastStrides(specOf(context, inputs.mask).shape, shape);
  const params: Record<string, number> = { count };
  shape.forEach((extent, axis) => {
    params[`extent${axis}`] = extent;
    params[`mask${axis}`] = strides[axis];
  });
  return always({
    kernel: maskKernel(shape.length, elementOf(context, inputs.x)),
    params: packParams(maskParams(shape.length), params),
    bindings: [inputs.x, inputs.mask, outputs[0]],
    grid: elementGrid(count),
  });
}

/** The dispatches of a `writeRows` node: a copy of x, unless it is a state, and then the rows. */
export function emitWriteRows(
  context: ProgramContext,
  { inputs: { x, rows, at }, outputs: [y], attributes: { axis } }: NodeOf<'writeRows'>,
): NodeProgram {
  const { shape } = specOf(context, x);
  const element = elementOf(context, x);
  const strides = contiguousStrides(shape);
  const isInPlace = memoryOf(context.graph)[y] !== y;
  const move = { shape, from: { id: x, offset: 0, strides }, to: { id: y, offset: 0, strides } };
  const copy = isInPlace ? [] : moveDispatches(move, element);
  const written = specOf(context, rows).shape;
  const count = sizeOf(written);
  if (count === 0) return always(...copy);
  const params = { count, inner: strides[axis], rows: written[axis], extent: shape[axis] };
  return always(...copy, {
    kernel: writeRowsKernel(element),
    params: packParams(WRITE_ROWS_PARAMS, params),
    bindings: [rows, at, y],
    grid: elementGrid(count),
  });
}

/** A gather along an axis of `x`: its extent, and the extents of the axes after it. */
interface Gather {
  readonly x: ValueId;
  readonly indices: ValueId;
  readonly y: ValueId;
  readonly extent: number;
  readonly rest: readonly number[];
}

function gather(context: ProgramContext, { x, indices, y, extent, rest }: Gather): NodeProgram {
  const count = sizeOf(specOf(context, y).shape);
  if (count === 0) return always();
  const params = { count, inner: sizeOf(rest), indices: sizeOf(specOf(context, indices).shape), extent };
  return always({
    kernel: gatherKernel(elementOf(context, x)),
    params: packParams(GATHER_PARAMS, params),
    bindings: [x, indices, y],
    grid: elementGrid(count),
  });
}
