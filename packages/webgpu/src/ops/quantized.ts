/** `quantizedLinear` and `quantizedEmbedding` as dispatches. */
import type { CodeFormat } from '@attn/core';
import {
  blockBytes,
  blocksOf,
  greatestOf,
  middleOf,
  sizeOf,
  type NodeOf,
  type ValueId,
} from '@attn/core/backend';
import { hasPackedBytes } from '../graph/packed-bytes.ts';
import { always, specOf, storageOf, type NodeProgram, type ProgramContext } from '../graph/context.ts';
import { DeviceScratch, DeviceTable, type Binding, type Dispatch } from '../graph/dispatch.ts';
import { CODES_GEMM_PARAMS } from '../kernels/gemm.ts';
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

/** The dispatches of a `quantizedLinear` node. */
export function emitQuantizedLinear(context: ProgramContext, node: NodeOf<'quantizedLinear'>): NodeProgram {
  const { x, codes, bias } = node.inputs;
  const { bits, block, inputs: form = 'float', activation } = node.attributes;
  const { shape } = specOf(context, x);
  const k = shape[shape.length - 1];
  const [m, n] = [sizeOf(shape.slice(0, -1)), specOf(context, codes).shape[0]];
  if (m * n === 0) return always();
  const weight = weightOf(context, node.inputs);
  const layout = layoutOf({ bits, block }, node.inputs.zeroPoints !== undefined);
  const options = {
    hasBias: bias !== undefined,
    activation,
    storage: storageOf(context, node.outputs[0]),
    weight: layout,
  };
  const sizes = { m, n, k, ...codeParams({ bits, block }, k) };
  const result = [...(bias === undefined ? [] : [bias]), node.outputs[0]];
  if (form === 'float') {
    const strides = { aRow: k, aColumn: 1, bRow: 1, bColumn: k, batches: 1 };
    const dispatches = productDispatches(context, {
      ...sizes,
      batches: 1,
      kernel: (tile) => gemmOf(tile, options),
      params: (firsts) => packParams(CODES_GEMM_PARAMS, { ...sizes, ...strides, ...firsts }),
      bindings: [x, ...weight.bindings, new DeviceTable(new Uint32Array(2)), ...result],
    });
    return always(...weight.dispatches, ...dispatches);
  }
  const limit = greatestOf(form);
  const scales = new DeviceScratch(8 * m);
  const isPacked = form === 'int8' && context.limits.hasPackedDot && areSignedBytes(layout);
  const dispatches = productDispatches(context, {
    ...sizes,
    batches: 1,
    kernel: (tile) => integerGemmKernel({ ...options, tile, isPacked }),
    params: (firsts) => packParams(INTEGER_GEMM_PARAMS, { ...sizes, ...firsts, limit }),
    bindings: [x, scales, ...weight.bindings, ...result],
  });
  return always(...weight.dispatches, rowScales(context, x, scales, limit), ...dispatches);
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
  const weight = weightOf(context, inputs);
  const [extent] = specOf(context, inputs.codes).shape;
  return always(...weight.dispatches, {
    kernel: quantizedEmbeddingKernel(layoutOf(attributes, inputs.zeroPoints !== undefined)),
    params: packParams(QUANTIZED_EMBEDDING_PARAMS, { count, dim, extent, ...codeParams(attributes, dim) }),
    bindings: [inputs.ids, ...weight.bindings, outputs[0]],
    grid: elementGrid(count),
  });
}

function layoutOf(format: CodeFormat, hasZeroPoints: boolean): CodeLayout {
  const { bits } = format;
  return {
    bits,
    zero: hasZeroPoints ? undefined : middleOf(bits),
    isAligned: blockBytes(format) % 4 === 0,
  };
}

/** The parameters of codes whose rows have `length` numbers. */
function codeParams(format: CodeFormat, length: number): Params<typeof CODE_PARAMS> {
  return { block: format.block, blocks: blocksOf(length, format.block), blockBytes: blockBytes(format) };
}

/** Finds the scales of rows of x, for which `scales` has 8 bytes each. */
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
  inputs: NodeOf<'quantizedLinear' | 'quantizedEmbedding'>['inputs'],
): Weight {
  const dispatches: Dispatch[] = [];
  const bytesOf = (id: ValueId): Binding => {
    if (hasPackedBytes(context.graph, id)) return id;
    const bytes = sizeOf(specOf(context, id).shape);
    const count = Math.ceil(bytes / 4);
    const packed = new DeviceScratch(4 * count);
    if (count > 0) {
      dispatches.push({
        kernel: packBytesKernel(),
        params: packParams(PACK_BYTES_PARAMS, { count, bytes }),
        bindings: [id, packed],
        grid: elementGrid(count),
      });
    }
    return packed;
  };
  const { codes, scales, zeroPoints } = inputs;
  const bindings = [bytesOf(codes), scales, ...(zeroPoints === undefined ? [] : [bytesOf(zeroPoints)])];
  return { bindings, dispatches };
}
