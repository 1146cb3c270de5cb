/** Small ONNX models, built node by node with the maintained protobuf definitions. https://onnx.ai/onnx/operators/ */
import { createRequire } from 'node:module';
import type { onnx as Onnx } from 'onnx-proto';

// A CommonJS package whose names Node's module loader does not see.
const { onnx } = createRequire(import.meta.url)('onnx-proto') as { onnx: typeof Onnx };

const FLOAT = 1;
const INT64 = 7;

/** A node: `outputs = op(inputs)`. */
export interface ModelNode {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
  readonly lists?: Readonly<Record<string, readonly number[]>>;
}

/** A model of f32 tensors. */
export interface Model {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly constants?: Readonly<
    Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>
  >;
  readonly nodes: readonly ModelNode[];
}

/** The bytes of a model file. */
export function modelBytes({ inputs, outputs, constants = {}, nodes }: Model): Uint8Array {
  const values = (named: Readonly<Record<string, readonly number[]>>) =>
    Object.entries(named).map(([name, dims]) => ({
      name,
      type: { tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
    }));
  const model = onnx.ModelProto.create({
    irVersion: 8,
    opsetImport: [
      { domain: '', version: 17 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'attention',
      input: values(inputs),
      output: values(outputs),
      initializer: Object.entries(constants).map(([name, { dims, data }]) => ({
        name,
        dataType: FLOAT,
        dims: [...dims],
        rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      node: nodes.map(
        ({ op, domain = '', inputs: from, outputs: to, ints = {}, floats = {}, lists = {} }) => ({
          opType: op,
          domain,
          input: [...from],
          output: [...to],
          attribute: [
            ...Object.entries(ints).map(([name, i]) => ({ name, type: 2, i })),
            ...Object.entries(floats).map(([name, f]) => ({ name, type: 1, f })),
            ...Object.entries(lists).map(([name, list]) => ({ name, type: INT64, ints: [...list] })),
          ],
        }),
      ),
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

/** com.microsoft MultiHeadAttention over [1, n, heads · dim]. */
export function mhaModel(heads: number, n: number, dim: number, isCausal: boolean): Uint8Array {
  const shape = [1, n, heads * dim];
  return modelBytes({
    inputs: { q: shape, k: shape, v: shape },
    outputs: { out: shape },
    nodes: [
      {
        op: 'MultiHeadAttention',
        domain: 'com.microsoft',
        inputs: ['q', 'k', 'v'],
        outputs: ['out'],
        ints: { num_heads: heads, unidirectional: isCausal ? 1 : 0 },
      },
    ],
  });
}

/** MatMul, scale, mask, Softmax, MatMul over [batch, queries, dim] × [batch, keys, dim]. `mask` [queries, keys] is added. */
export function matmulModel(
  batch: number,
  queries: number,
  keys: number,
  dim: number,
  mask?: Float32Array,
  maskDims: readonly number[] = [queries, keys],
): Uint8Array {
  const masked = mask === undefined ? 'scaled' : 'masked';
  return modelBytes({
    inputs: { q: [batch, queries, dim], k: [batch, keys, dim], v: [batch, keys, dim] },
    outputs: { out: [batch, queries, dim] },
    constants: {
      scale: { dims: [], data: Float32Array.of(1 / Math.sqrt(dim)) },
      ...(mask && { mask: { dims: maskDims, data: mask } }),
    },
    nodes: [
      { op: 'Mul', inputs: ['q', 'scale'], outputs: ['qs'] },
      { op: 'Transpose', inputs: ['k'], outputs: ['kt'], lists: { perm: [0, 2, 1] } },
      { op: 'MatMul', inputs: ['qs', 'kt'], outputs: ['scaled'] },
      ...(mask ? [{ op: 'Add', inputs: ['scaled', 'mask'], outputs: ['masked'] }] : []),
      { op: 'Softmax', inputs: [masked], outputs: ['p'], ints: { axis: -1 } },
      { op: 'MatMul', inputs: ['p', 'v'], outputs: ['out'] },
    ],
  });
}
