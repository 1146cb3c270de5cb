/** Products and normalisations. */
import {
  broadcastStrides,
  matmulSizes,
  offsetAt,
  sizeOf,
  type NodeOf,
  type ValueId,
} from '@attn/core/backend';
import { always, specOf, storageOf, type NodeProgram, type ProgramContext } from '../graph/context.ts';
import { DeviceTable, type Dispatch } from '../graph/dispatch.ts';
import { GEMM_PARAMS, type GemmOptions } from '../kernels/gemm.ts';
import {
  LAYER_NORM_PARAMS,
  layerNormKernel,
  RMS_NORM_PARAMS,
  rmsNormKernel,
  rowGrid,
  type RowOptions,
  SOFTMAX_PARAMS,
  softmaxKernel,
} from '../kernels/rows.ts';
import { packParams } from '../kernels/wgsl.ts';
import { gemmOf, productDispatches } from './products.ts';

export function emitLinear(context: ProgramContext, node: NodeOf<'linear'>): NodeProgram {
  const { x, weight, bias } = node.inputs;
  const [n, k] = specOf(context, weight).shape;
  const m = sizeOf(specOf(context, x).shape.slice(0, -1));
  const options = {
    hasBias: bias !== undefined,
    activation: node.attributes.activation,
    storage: storageOf(context, node.outputs[0]),
  };
  const sizes = { m, n, k, aRow: k, aColumn: 1, bRow: 1, bColumn: k };
  const bindings = (offsets: DeviceTable) => [
    x,
    weight,
    offsets,
    ...(bias === undefined ? [] : [bias]),
    node.outputs[0],
  ];
  return always(...products(context, options, sizes, new Uint32Array(2), bindings));
}

export function emitMatmul(context: ProgramContext, node: NodeOf<'matmul'>): NodeProgram {
  const { a, b } = node.inputs;
  const { transposeA = false, transposeB = false } = node.attributes;
  const [shapeA, shapeB] = [specOf(context, a).shape, specOf(context, b).shape];
  const { batch, m, n, k } = matmulSizes(shapeA, shapeB, node.attributes);
  const count = sizeOf(batch);
  const offsets = new Uint32Array(2 * count);
  [
    { shape: shapeA, size: m * k },
    { shape: shapeB, size: k * n },
  ].forEach(({ shape, size }, operand) => {
    const strides = broadcastStrides(shape.slice(0, -2), batch);
    for (let i = 0; i < count; i++) offsets[2 * i + operand] = offsetAt(i, batch, strides) * size;
  });
  const options = { hasBias: false, activation: undefined, storage: storageOf(context, node.outputs[0]) };
  const sizes = {
    m,
    n,
    k,
    ...(transposeA ? { aRow: 1, aColumn: m } : { aRow: k, aColumn: 1 }),
    ...(transposeB ? { bRow: 1, bColumn: k } : { bRow: n, bColumn: 1 }),
  };
  return always(...products(context, options, sizes, offsets, (table) => [a, b, table, node.outputs[0]]));
}

type GemmSizes = Readonly<Record<'m' | 'n' | 'k' | 'aRow' | 'aColumn' | 'bRow' | 'bColumn', number>>;

function products(
  context: ProgramContext,
  options: GemmOptions,
  sizes: GemmSizes,
  offsets: Uint32Array<ArrayBuffer>,
  bindings: (offsets: DeviceTable) => Dispatch['bindings'],
): Dispatch[] {
  const batches = offsets.length / 2;
  return productDispatches(context, {
    ...sizes,
    batches,
    kernel: (tile) => gemmOf(tile, options),
    params: (firsts) => packParams(GEMM_PARAMS, { ...sizes, ...firsts, batches }),
    bindings: bindings(new DeviceTable(offsets)),
  });
}

/** How rows are reduced and stored, as a value is. */
export function rowOptions(context: ProgramContext, id: ValueId): RowOptions {
  return { storage: storageOf(context, id), subgroups: context.limits.subgroups };
}

export function emitSoftmax(
  context: ProgramContext,
  { inputs, outputs, attributes }: NodeOf<'softmax'>,
): NodeProgram {
  const { shape } = specOf(context, inputs.x);
  const { axis } = attributes;
  const inner = sizeOf(shape.slice(axis + 1));
  const rows = sizeOf(shape.slice(0, axis)) * inner;
  const length = shape[axis];
  if (rows * length === 0) return always();
  return always({
    kernel: softmaxKernel(rowOptions(context, outputs[0])),
    params: packParams(SOFTMAX_PARAMS, { rows, length, inner }),
    bindings: [inputs.x, outputs[0]],
    grid: rowGrid(rows),
  });
}

export function emitLayerNorm(
  context: ProgramContext,
  { inputs, outputs, attributes }: NodeOf<'layerNorm'>,
): NodeProgram {
  const { x, weight, bias } = inputs;
  const { shape } = specOf(context, x);
  const length = shape[shape.length - 1];
  const rows = sizeOf(shape.slice(0, -1));
  if (rows * length === 0) return always();
  return always({
    kernel: layerNormKernel({
      hasWeight: weight !== undefined,
      hasBias: bias !== undefined,
      ...rowOptions(context, outputs[0]),
    }),
    params: packParams(LAYER_NORM_PARAMS, { rows, length, eps: attributes.eps }),
    bindings: [x, weight, bias, outputs[0]].filter((id) => id !== undefined),
    grid: rowGrid(rows),
  });
}

export function emitRmsNorm(
  context: ProgramContext,
  { inputs, outputs, attributes }: NodeOf<'rmsNorm'>,
): NodeProgram {
  const { x, weight } = inputs;
  const { shape } = specOf(context, x);
  const length = shape[shape.length - 1];
  const rows = sizeOf(shape.slice(0, -1));
  if (rows * length === 0) return always();
  return always({
    kernel: rmsNormKernel({ hasWeight: weight !== undefined, ...rowOptions(context, outputs[0]) }),
    params: packParams(RMS_NORM_PARAMS, { rows, length, ...attributes }),
    bindings: [x, weight, outputs[0]].filter((id) => id !== undefined),
    grid: rowGrid(rows),
  });
}
