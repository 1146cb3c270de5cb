/**
 * Small ONNX models, built node by node with the maintained protobuf
 * definitions. https://onnx.ai/onnx/operators/
 */
import { createRequire } from 'node:module';
import type { onnx as Onnx } from 'onnx-proto';

// A CommonJS package whose names Node's module loader does not see.
const { onnx } = createRequire(import.meta.url)('onnx-proto') as { onnx: typeof Onnx };

const FLOAT = 1;
const INT32 = 6;
const INTS = 7;

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

/** A model whose inputs and outputs are f32 tensors. */
export interface Model {
  /** Default 17. */
  readonly opset?: number;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly constants?: Readonly<
    Record<string, { readonly dims: readonly number[]; readonly data: Float32Array | Int32Array }>
  >;
  readonly nodes: readonly ModelNode[];
}

/** The bytes of a model file. */
export function modelBytes({ opset = 17, inputs, outputs, constants = {}, nodes }: Model): Uint8Array {
  const values = (shapes: Readonly<Record<string, readonly number[]>>) =>
    Object.entries(shapes).map(([name, dims]) => ({
      name,
      type: { tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
    }));
  const model = onnx.ModelProto.create({
    irVersion: 10,
    opsetImport: [
      { domain: '', version: opset },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'attention',
      input: values(inputs),
      output: values(outputs),
      initializer: Object.entries(constants).map(([name, { dims, data }]) => ({
        name,
        dataType: data instanceof Int32Array ? INT32 : FLOAT,
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
            ...Object.entries(lists).map(([name, list]) => ({ name, type: INTS, ints: [...list] })),
          ],
        }),
      ),
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

/** Sizes of a dense or causal attention call. */
export interface CallSizes {
  readonly heads: number;
  readonly n: number;
  readonly dim: number;
  readonly isCausal: boolean;
}

/** com.microsoft MultiHeadAttention over [1, n, heads · dim]. */
export function mhaModel({ heads, n, dim, isCausal }: CallSizes): Uint8Array {
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

/** com.microsoft GroupQueryAttention over [1, n, heads · dim], which is always causal. */
export function gqaModel({ heads, n, dim }: CallSizes): Uint8Array {
  const shape = [1, n, heads * dim];
  const cache = [1, heads, n, dim];
  return modelBytes({
    inputs: { q: shape, k: shape, v: shape },
    outputs: { out: shape, presentK: cache, presentV: cache },
    constants: {
      last: { dims: [1], data: Int32Array.of(n - 1) },
      total: { dims: [1], data: Int32Array.of(n) },
    },
    nodes: [
      {
        op: 'GroupQueryAttention',
        domain: 'com.microsoft',
        inputs: ['q', 'k', 'v', '', '', 'last', 'total'],
        outputs: ['out', 'presentK', 'presentV'],
        ints: { num_heads: heads, kv_num_heads: heads },
      },
    ],
  });
}

/** The standard operator Attention of opset 23, over [1, n, heads · dim]. */
export function attentionModel({ heads, n, dim, isCausal }: CallSizes): Uint8Array {
  const shape = [1, n, heads * dim];
  return modelBytes({
    opset: 23,
    inputs: { q: shape, k: shape, v: shape },
    outputs: { out: shape },
    nodes: [
      {
        op: 'Attention',
        inputs: ['q', 'k', 'v'],
        outputs: ['out'],
        ints: { q_num_heads: heads, kv_num_heads: heads, is_causal: isCausal ? 1 : 0 },
      },
    ],
  });
}

/**
 * A window of one chunk to each side, as one graph over [heads, n, dim]:
 * the chunks of queries are a batch, and each chunk sees itself and its two
 * neighbours. `mask` [chunks, 1, chunk, 3 · chunk] is added to the logits.
 */
export function chunkedWindowModel(
  heads: number,
  n: number,
  dim: number,
  chunk: number,
  mask: Float32Array,
): Uint8Array {
  const chunks = n / chunk;
  const shape = [heads, n, dim];
  const perm = [1, 0, 2, 3];
  const neighbours = (name: string): ModelNode[] => [
    // [heads, chunks, chunk, dim] → [chunks, heads, chunk, dim], and the same one chunk earlier and later.
    { op: 'Reshape', inputs: [name, 'cut'], outputs: [`${name}Cut`] },
    { op: 'Transpose', inputs: [`${name}Cut`], outputs: [`${name}Own`], lists: { perm } },
    { op: 'Gather', inputs: [`${name}Own`, 'before'], outputs: [`${name}Before`], ints: { axis: 0 } },
    { op: 'Gather', inputs: [`${name}Own`, 'after'], outputs: [`${name}After`], ints: { axis: 0 } },
    {
      op: 'Concat',
      inputs: [`${name}Before`, `${name}Own`, `${name}After`],
      outputs: [`${name}Seen`],
      ints: { axis: 2 },
    },
  ];
  const ids = Array.from({ length: chunks }, (_, i) => i);
  return modelBytes({
    inputs: { q: shape, k: shape, v: shape },
    outputs: { out: shape },
    constants: {
      scale: { dims: [], data: Float32Array.of(1 / Math.sqrt(dim)) },
      mask: { dims: [chunks, 1, chunk, 3 * chunk], data: mask },
      before: { dims: [chunks], data: Int32Array.from(ids, (i) => Math.max(0, i - 1)) },
      after: { dims: [chunks], data: Int32Array.from(ids, (i) => Math.min(chunks - 1, i + 1)) },
    },
    nodes: [
      { op: 'Constant', inputs: [], outputs: ['cut'], lists: { value_ints: [heads, chunks, chunk, dim] } },
      { op: 'Constant', inputs: [], outputs: ['whole'], lists: { value_ints: shape } },
      { op: 'Mul', inputs: ['q', 'scale'], outputs: ['qs'] },
      { op: 'Reshape', inputs: ['qs', 'cut'], outputs: ['qCut'] },
      { op: 'Transpose', inputs: ['qCut'], outputs: ['qOwn'], lists: { perm } },
      ...neighbours('k'),
      ...neighbours('v'),
      { op: 'Transpose', inputs: ['kSeen'], outputs: ['kt'], lists: { perm: [0, 1, 3, 2] } },
      { op: 'MatMul', inputs: ['qOwn', 'kt'], outputs: ['scaled'] },
      { op: 'Add', inputs: ['scaled', 'mask'], outputs: ['masked'] },
      { op: 'Softmax', inputs: ['masked'], outputs: ['p'], ints: { axis: -1 } },
      { op: 'MatMul', inputs: ['p', 'vSeen'], outputs: ['chunks'] },
      { op: 'Transpose', inputs: ['chunks'], outputs: ['heads'], lists: { perm } },
      { op: 'Reshape', inputs: ['heads', 'whole'], outputs: ['out'] },
    ],
  });
}

/**
 * MatMul, scale, mask, Softmax, MatMul over [batch, queries, dim] ×
 * [batch, keys, dim]. `mask` [queries, keys] is added.
 */
export function matmulModel(
  batch: number,
  queries: number,
  keys: number,
  dim: number,
  mask?: Float32Array,
): Uint8Array {
  const masked = mask === undefined ? 'scaled' : 'masked';
  return modelBytes({
    inputs: { q: [batch, queries, dim], k: [batch, keys, dim], v: [batch, keys, dim] },
    outputs: { out: [batch, queries, dim] },
    constants: {
      scale: { dims: [], data: Float32Array.of(1 / Math.sqrt(dim)) },
      ...(mask && { mask: { dims: [queries, keys], data: mask } }),
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
