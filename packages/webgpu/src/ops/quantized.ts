/** `quantizedLinear` and `quantizedEmbedding` as dispatches. */
import type { CodeFormat, Graph } from '@attn/core';
import {
  blockBytes,
  blocksOf,
  greatestOf,
  middleOf,
  sizeOf,
  type NodeOf,
  type ValueId,
} from '@attn/core/backend';
import { bytesToPack } from '../graph/packed-bytes.ts';
import { always, specOf, storageOf, type NodeProgram, type ProgramContext } from '../graph/context.ts';
import { DeviceScratch, DeviceTable, type Binding, type Dispatch } from '../graph/dispatch.ts';
import { CODES_GEMM_PARAMS, type GemmOptions } from '../kernels/gemm.ts';
import { areSignedBytes, type CODE_PARAMS, type CodeLayout } from '../kernels/quantized/codes.ts';
import {
  PACK_BYTES_PARAMS,
  packBytesKernel,
  QUANTIZED_EMBEDDING_PARAMS,
  quantizedEmbeddingKernel,
} from '../kernels/quantized/embedding.ts';
import { INTEGER_GEMM_PARAMS, integerGemmKernel } from '../kernels/quantized/integer-gemm.ts';
import { ROW_SCALES_PARAMS, rowGrid, rowScalesKernel } from '../kernels/rows.ts';
import { elementGrid, packParams, type Params } from '../kernels/wgsl.ts';
import { rowOptions } from './compute.ts';
import { gemmOf, productDispatches } from './products.ts';

/** The largest number of f32. */
const MOST_F32 = 3.4028234663852886e38;

/** Bytes of the scale of a row and of its inverse. */
const ROW_SCALE_BYTES = 8;

/** The dispatches of a `quantizedLinear` node. */
export function emitQuantizedLinear(context: ProgramContext, node: NodeOf<'quantizedLinear'>): NodeProgram {
  const { x, codes, zeroPoints, bias } = node.inputs;
  const { bits, block, float, inputs: form = 'float', activation } = node.attributes;
  const { shape } = specOf(context, x);
  const k = shape[shape.length - 1];
  const [m, n] = [sizeOf(shape.slice(0, -1)), specOf(context, codes).shape[0]];
  if (m * n === 0) return always();
  const weight = weightOf(context, node);
  const options = {
    hasBias: bias !== undefined,
    activation,
    storage: storageOf(context, node.outputs[0]),
    weight: layoutOf({ bits, block, float }, k, zeroPoints !== undefined),
  };
  const product = {
    x,
    sizes: { m, n, k, batches: 1, ...codeParams({ bits, block }, k) },
    options,
    weight: weight.bindings,
    result: [...(bias === undefined ? [] : [bias]), node.outputs[0]],
  };
  const dispatches =
    form === 'float' ? floatProduct(context, product) : integerProduct(context, product, form);
  return always(...weight.dispatches, ...dispatches);
}

/** A product with a weight of codes. */
interface CodedProduct {
  readonly x: ValueId;
  readonly sizes: Readonly<Record<'m' | 'n' | 'k' | 'batches', number>> & Params<typeof CODE_PARAMS>;
  readonly options: GemmOptions & { readonly weight: CodeLayout };
  readonly weight: readonly Binding[];
  /** The bias, where there is one, and the output. */
  readonly result: readonly Binding[];
}

function floatProduct(context: ProgramContext, product: CodedProduct): Dispatch[] {
  const { x, sizes, options, weight, result } = product;
  const strides = { aRow: sizes.k, aColumn: 1, bRow: 1, bColumn: sizes.k };
  return productDispatches(context, {
    ...sizes,
    kernel: (tile) => gemmOf(tile, options),
    params: (firsts) => packParams(CODES_GEMM_PARAMS, { ...sizes, ...strides, ...firsts }),
    bindings: [x, ...weight, new DeviceTable(new Uint32Array(2)), ...result],
  });
}

function integerProduct(context: ProgramContext, product: CodedProduct, form: 'int12' | 'int8'): Dispatch[] {
  const { x, sizes, options, weight, result } = product;
  const limit = greatestOf(form);
  const scales = new DeviceScratch(ROW_SCALE_BYTES * sizes.m);
  const isPacked = form === 'int8' && context.limits.hasPackedDot && areSignedBytes(options.weight);
  const products = productDispatches(context, {
    ...sizes,
    kernel: (tile) => integerGemmKernel({ ...options, tile, isPacked }),
    params: (firsts) => packParams(INTEGER_GEMM_PARAMS, { ...sizes, ...firsts, limit }),
    bindings: [x, scales, ...weight, ...result],
  });
  return [rowScales(context, x, scales, limit), ...products];
}

/** The dispatches of a `quantizedEmbedding` node. */
export function emitQuantizedEmbedding(
  context: ProgramContext,
  node: NodeOf<'quantizedEmbedding'>,
): NodeProgram {
  const { inputs, outputs, attributes } = node;
  const { dim } = attributes;
  const count = sizeOf(specOf(context, outputs[0]).shape);
  if (count === 0) return always();
  const weight = weightOf(context, node);
  const [extent] = specOf(context, inputs.codes).shape;
  return always(...weight.dispatches, {
    kernel: quantizedEmbeddingKernel(layoutOf(attributes, dim, inputs.zeroPoints !== undefined)),
    params: packParams(QUANTIZED_EMBEDDING_PARAMS, { count, dim, extent, ...codeParams(attributes, dim) }),
    bindings: [inputs.ids, ...weight.bindings, outputs[0]],
    grid: elementGrid(count),
  });
}

/**
 * The layout of codes whose rows have `length` numbers. A word of halves must not reach over the end of a
 * row.
 */
function layoutOf(format: CodeFormat, length: number, hasZeroPoints: boolean): CodeLayout {
  const { bits, float } = format;
  return {
    bits,
    float,
    zero: hasZeroPoints ? undefined : middleOf(bits),
    isAligned: blockBytes(format) % 4 === 0 && (float === undefined || length % 2 === 0),
  };
}

/** The parameters of codes whose rows have `length` numbers. */
function codeParams(format: CodeFormat, length: number): Params<typeof CODE_PARAMS> {
  return { block: format.block, blocks: blocksOf(length, format.block), blockBytes: blockBytes(format) };
}

/** Why a device cannot run a `quantizedLinear` node, though it holds its tensors. Undefined: it can. */
export function quantizedObstacle(
  graph: Graph,
  { inputs, attributes }: NodeOf<'quantizedLinear'>,
  bindingBytes: number,
): string | undefined {
  const rows = sizeOf(graph.values[inputs.x].shape.slice(0, -1));
  const bytes = ROW_SCALE_BYTES * rows;
  if ((attributes.inputs ?? 'float') === 'float' || bytes <= bindingBytes) return undefined;
  return `the scales of ${rows} rows take ${bytes} bytes, and this device binds at most ${bindingBytes}`;
}

/** Finds the scales of rows of x. */
function rowScales(context: ProgramContext, x: ValueId, scales: DeviceScratch, limit: number): Dispatch {
  const { shape } = specOf(context, x);
  const rows = sizeOf(shape.slice(0, -1));
  // Of a row so small that the inverse overflows, nothing is left.
  const params = { rows, length: shape[shape.length - 1], limit, least: limit / MOST_F32 };
  return {
    kernel: rowScalesKernel(rowOptions(context, x)),
    params: packParams(ROW_SCALES_PARAMS, params),
    bindings: [x, scales],
    grid: rowGrid(rows),
  };
}

/** A weight of codes as kernels bind it, and what packs its bytes before. */
interface Weight {
  readonly bindings: readonly Binding[];
  readonly dispatches: readonly Dispatch[];
}

/** Bytes that come with the run, or from other ops, take a word each, and are packed first. */
function weightOf(
  context: ProgramContext,
  node: NodeOf<'quantizedLinear'> | NodeOf<'quantizedEmbedding'>,
): Weight {
  const packed = new Map(
    bytesToPack(context.graph, node).map((id) => [id, new DeviceScratch(sizeOf(specOf(context, id).shape))]),
  );
  const dispatches = [...packed].map(([id, scratch]): Dispatch => {
    const { bytes } = scratch;
    const count = Math.ceil(bytes / 4);
    return {
      kernel: packBytesKernel(),
      params: packParams(PACK_BYTES_PARAMS, { count, bytes }),
      bindings: [id, scratch],
      grid: elementGrid(count),
    };
  });
  const { codes, scales, zeroPoints } = node.inputs;
  const bindings = [codes, scales, zeroPoints].filter((id) => id !== undefined);
  return { dispatches, bindings: bindings.map((id) => packed.get(id) ?? id) };
}
