/** The methods of `GraphBuilder` that add nodes of ops: shapes and defaults; the ops check what they take. */
import { checkArgument, checkOptions, readEntries } from '../check/check-options.ts';
import { anything, type Kind } from '../check/kinds.ts';
import {
  ATTENTION_OPTIONAL,
  ATTENTION_REQUIRED,
  tableInput,
  type AttentionAttributes,
  type AttentionInputs,
} from '../ops/attention/spec.ts';
import type { OpAttributes } from '../ops/attributes.ts';
import type { OpName } from '../ops/op-name.ts';
import { ops } from '../ops/index.ts';
import type { LshAttentionAttributes, LshAttentionInputs } from '../ops/lsh-attention/spec.ts';
import type { LshHashAttributes, LshHashInputs } from '../ops/lsh-hash/spec.ts';
import type { MatmulAttributes } from '../ops/matmul/definition.ts';
import type { Activation } from '../ops/pointwise/table.ts';
import type { ReduceKind } from '../ops/reduce/definition.ts';
import type { SliceAttributes } from '../ops/slice/definition.ts';
import type { Tensor } from '../tensor.ts';
import { attentionInParts, attentionParts } from './attention-parts.ts';
import { attentionWithSinks, type AttentionValues } from './attention-sinks.ts';
import { checkInputNames } from './check-build.ts';
import { PointwiseBuilder, type Value } from './pointwise-builder.ts';

const WHERE = 'core/graph';

const VALUES: Kind = { expected: 'a list of values', test: Array.isArray };

const RMS_NORM = { weight: anything, ...ops.rmsNorm.attributes };
const LAYER_NORM = { weight: anything, bias: anything, ...ops.layerNorm.attributes };

const CODES = { codes: anything, scales: anything, zeroPoints: anything };

/** A quantised matrix in a graph, as `quantizeMatrix` makes it. */
export interface QuantizedValues {
  /** u8, [rows, blocks, bytes of a block]. */
  readonly codes: Value;
  /** f32, [rows, blocks]; absent of halves. */
  readonly scales?: Value | undefined;
  /** u8, [rows, blocks], of 4 bits two in a byte. Default: 128, or 8. */
  readonly zeroPoints?: Value | undefined;
}

function codesOf(op: OpName, values: QuantizedValues): QuantizedValues {
  return checkOptions(`core/${op}`, values, CODES, { name: 'the quantised matrix' });
}

/** What `GraphBuilder` extends: it has the values, and adds the nodes. */
export abstract class OpBuilder extends PointwiseBuilder {
  abstract constant(tensor: Tensor, name?: string): Value;

  /** The value, if it is one of this builder. Errors: `INVALID_GRAPH`. */
  protected abstract own(value: Value, what: string): Value;

  /**
   * Attention within a pattern; `AttentionInputs` has the shapes. It is a few nodes with `sinks`, and for a
   * pattern that is cheaper in parts.
   *
   * @example
   * const { out } = builder.attention({ q, k, v }, { pattern: causal() });
   */
  attention(inputs: AttentionInputs<Value>, attributes: AttentionAttributes): AttentionValues {
    const { sinks, tables, ...tensors } = operands('attention', inputs);
    checkInputNames('attention', tensors, [...ATTENTION_REQUIRED, ...ATTENTION_OPTIONAL]);
    const others = { ...tensors, ...tableOperands(tables) };
    if (sinks !== undefined)
      return attentionWithSinks(this, others, this.own(sinks, 'input sinks of attention'), attributes);
    const parts = attentionParts(others, attributes);
    if (parts.length > 1) return { out: attentionInParts(this, others, attributes, parts) };
    const [out, lse] = this.node('attention', others, attributes);
    return { out, lse };
  }

  /**
   * Attention within the chunks of sorted orders; `LshAttentionInputs` has the shapes. This is only the op;
   * `buildLsh` also hashes and sorts.
   *
   * @example
   * const order = builder.argsort(builder.lshHash({ x: q, rotations }, { buckets: [64] }));
   * const { out } = builder.lshAttention({ q, v, order }, { chunkLength: 64, wrap: true });
   */
  lshAttention(inputs: LshAttentionInputs<Value>, attributes: LshAttentionAttributes): AttentionValues {
    const [out, lse] = this.node('lshAttention', operands('lshAttention', inputs), attributes);
    return { out, lse };
  }

  /**
   * The bucket of each token in each round of hashing, [B, H, R, N]; `LshHashInputs` has the shapes.
   *
   * @example
   * const buckets = builder.lshHash({ x: q, rotations }, { buckets: [64] });
   */
  lshHash(inputs: LshHashInputs<Value>, attributes: LshHashAttributes): Value {
    return this.single('lshHash', operands('lshHash', inputs), attributes);
  }

  /**
   * The order that sorts integers along the last axis; equal integers keep their order.
   *
   * @example
   * const order = builder.argsort(builder.input('scores', { dtype: 'i32', shape: [2, 8] }));
   */
  argsort(x: Value): Value {
    return this.single('argsort', { x }, {});
  }

  /**
   * A linear layer: x·Wᵀ + b, then the activation; `x [..., in]`, `weight [out, in]`, `bias? [out]`.
   *
   * @example
   * const y = builder.linear(x, weight, undefined, { activation: 'relu' });
   */
  linear(x: Value, weight: Value, bias?: Value, options: { readonly activation?: Activation } = {}): Value {
    return this.single('linear', { x, weight, bias }, options);
  }

  /**
   * The matrix product a·b over the last two axes; the other axes broadcast.
   *
   * @example
   * const scores = builder.matmul(q, k, { transposeB: true });
   */
  matmul(a: Value, b: Value, options: MatmulAttributes = {}): Value {
    return this.single('matmul', { a, b }, options);
  }

  /**
   * Layer normalisation over the last axis; `weight` and `bias` have its extent. `eps` defaults to 1e-5.
   *
   * @example
   * const y = builder.layerNorm(x, { eps: 1e-12 });
   */
  layerNorm(
    x: Value,
    options: { readonly weight?: Value; readonly bias?: Value; readonly eps?: number } = {},
  ): Value {
    const { weight, bias, eps = 1e-5 } = checkOptions('core/layerNorm', options, LAYER_NORM);
    return this.single('layerNorm', { x, weight, bias }, { eps });
  }

  /**
   * Division by the root mean square over the last axis, whose extent `weight` has. `eps` defaults to 1e-6;
   * `weightOffset`, which is added to each weight, to 0.
   *
   * @example
   * const y = builder.rmsNorm(x, { eps: 1e-6 });
   */
  rmsNorm(
    x: Value,
    options: { readonly weight?: Value; readonly eps?: number; readonly weightOffset?: number } = {},
  ): Value {
    const { weight, eps = 1e-6, weightOffset = 0 } = checkOptions('core/rmsNorm', options, RMS_NORM);
    return this.single('rmsNorm', { x, weight }, { eps, weightOffset });
  }

  /**
   * Rotary position embedding: the first 2 · pairs numbers of each row of x [..., width] are turned by `cos`
   * and `sin` [..., pairs], whose axes but the last broadcast to those of x. Pairs are (i, i + pairs), or
   * with `interleaved` neighbours. `embedding` takes the rows of tables at positions that a run decides.
   *
   * @example
   * const turned = builder.rotary(q, cos, sin); // q [batch, heads, tokens, 8], cos and sin [tokens, 4]
   */
  rotary(x: Value, cos: Value, sin: Value, options: { readonly interleaved?: boolean } = {}): Value {
    const { interleaved = false } = checkOptions('core/rotary', options, ops.rotary.attributes);
    return this.single('rotary', { x, cos, sin }, { interleaved });
  }

  /**
   * x · Φ(x): the exact form, or with `approximate: 'tanh'` the approximation.
   *
   * @example
   * const y = builder.gelu(x, { approximate: 'tanh' });
   */
  gelu(x: Value, options: { readonly approximate?: 'none' | 'tanh' } = {}): Value {
    const { approximate = 'none' } = checkOptions('core/gelu', options, ops.gelu.attributes);
    return this.single('gelu', { x }, { approximate });
  }

  /**
   * Softmax over an axis, by default the last.
   *
   * @example
   * const probabilities = builder.softmax(x);
   */
  softmax(x: Value, axis = -1): Value {
    return this.single('softmax', { x }, { axis });
  }

  /**
   * The sum, the mean or the maximum along an axis, which the output does not have.
   *
   * @example
   * const pooled = builder.reduce(x, 1, 'mean');
   */
  reduce(x: Value, axis: number, kind: ReduceKind): Value {
    return this.single('reduce', { x }, { axis, kind });
  }

  /**
   * x where `mask` is not 0, else 0, even of NaN; the mask broadcasts to x.
   *
   * @example
   * const visible = builder.mask(x, builder.input('visible', { dtype: 'bool', shape: [2, 1] }));
   */
  mask(x: Value, mask: Value): Value {
    return this.single('mask', { x, mask }, {});
  }

  /**
   * The k greatest numbers of each row (last axis), the greatest first, and their places, i32. Of equal
   * numbers the first comes first; NaN counts as −∞.
   *
   * @example
   * const { values, indices } = builder.topK(builder.linear(x, weight), 2);
   */
  topK(x: Value, k: number): { readonly values: Value; readonly indices: Value } {
    const [values, indices] = this.node('topK', { x }, { k });
    return { values, indices };
  }

  /**
   * The place of the greatest number of each row, i32, without the last axis: `topK` of one. Of equal numbers
   * it is the first; NaN counts as −∞.
   *
   * @example
   * const token = builder.argmax(builder.linear(x, weight)); // the likeliest, and no logits
   */
  argmax(x: Value): Value {
    const { indices } = this.topK(x, 1);
    return this.reshape(indices, indices.shape.slice(0, -1));
  }

  /**
   * A linear layer with experts, as in a mixture of experts: for each row of x [..., in] and each expert e in
   * `experts` [..., k], x · weight[e] + bias[e], [..., k, out]; `weight` [experts, in, out], `bias?`
   * [experts, out]. Only the chosen experts are computed.
   *
   * @example
   * const router = builder.topK(builder.linear(x, builder.constant(zeros('f32', [8, 3]))), 2);
   * const weight = builder.constant(zeros('f32', [8, 3, 16])); // 8 experts
   * const outputs = builder.expertLinear(x, router.indices, weight); // [2, 2, 16]
   * const shares = builder.reshape(builder.softmax(router.values), [2, 2, 1]);
   * const mixture = builder.reduce(builder.mul(outputs, shares), 1, 'sum'); // [2, 16]
   */
  expertLinear(x: Value, experts: Value, weight: Value, bias?: Value): Value {
    return this.single('expertLinear', { x, experts, weight, bias }, {});
  }

  /**
   * Looks up rows of `table [rows, dim]` by `ids` of any shape.
   *
   * @example
   * const table = builder.constant(zeros('f32', [30_000, 64]), 'embeddings');
   * const y = builder.embedding(builder.input('ids', { dtype: 'i32', shape: [1, 512] }), table);
   */
  embedding(ids: Value, table: Value): Value {
    return this.single('embedding', { ids, table }, {});
  }

  /**
   * x [..., in] · weightᵀ + bias [out] of a quantised weight [out, in]: `QuantizedLinearAttributes` says how
   * its codes are stored, and whether x is multiplied as integers.
   *
   * @example
   * const { codes, scales } = quantizeMatrix(f32([3, 64], new Float32Array(192)), { bits: 8, block: 64 });
   * const weight = { codes: builder.constant(codes), scales: builder.constant(scales) };
   * const y = builder.quantizedLinear(x, weight, undefined, { bits: 8, block: 64 }); // x [..., 64]
   */
  quantizedLinear(
    x: Value,
    weight: QuantizedValues,
    bias: Value | undefined,
    attributes: OpAttributes['quantizedLinear'],
  ): Value {
    return this.single('quantizedLinear', { x, ...codesOf('quantizedLinear', weight), bias }, attributes);
  }

  /**
   * Looks up rows of a quantised table [rows, dim] by `ids` of any shape.
   *
   * @example
   * const { codes, scales } = quantizeMatrix(f32([100, 64], new Float32Array(6400)), { bits: 4, block: 32 });
   * const table = { codes: builder.constant(codes), scales: builder.constant(scales) };
   * const ids = builder.input('ids', { dtype: 'i32', shape: [1, 16] });
   * const y = builder.quantizedEmbedding(ids, table, { bits: 4, block: 32, dim: 64 });
   */
  quantizedEmbedding(
    ids: Value,
    table: QuantizedValues,
    attributes: OpAttributes['quantizedEmbedding'],
  ): Value {
    return this.single('quantizedEmbedding', { ids, ...codesOf('quantizedEmbedding', table) }, attributes);
  }

  /**
   * Picks slices of x at `indices [m]` along an axis, by default the first.
   *
   * @example
   * const rows = builder.gather(x, builder.constant(i32([2], [1, 0])));
   */
  gather(x: Value, indices: Value, axis = 0): Value {
    return this.single('gather', { x, indices }, { axis });
  }

  /**
   * Replaces the rows at … at + T − 1 of x along an axis, by default the first: `rows` is like x, but of an
   * extent T along the axis, and `at` is i32 [1]. Of a state (`GraphBuilder.state`) it is done in place.
   *
   * @example
   * const cache = builder.state('keys', { dtype: 'f32', shape: [1, 8, 512, 64] });
   * const keys = builder.writeRows(cache, key, position, 2);
   */
  writeRows(x: Value, rows: Value, at: Value, axis = 0): Value {
    return this.single('writeRows', { x, rows, at }, { axis });
  }

  /**
   * Gives the elements of x another shape; one extent may be −1, and follows from the others.
   *
   * @example
   * const flat = builder.reshape(x, [-1]);
   */
  reshape(x: Value, shape: readonly number[]): Value {
    return this.single('reshape', { x }, { shape });
  }

  /**
   * Permutes the axes of x: output axis i is input axis `permutation[i]`.
   *
   * @example
   * const columns = builder.transpose(x, [1, 0]);
   */
  transpose(x: Value, permutation: readonly number[]): Value {
    return this.single('transpose', { x }, { permutation });
  }

  /**
   * Cuts the box [starts, ends) out of x.
   *
   * @example
   * const corner = builder.slice(x, [0, 0], [1, 2]);
   */
  slice(x: Value, starts: SliceAttributes['starts'], ends: SliceAttributes['ends']): Value {
    return this.single('slice', { x }, { starts, ends });
  }

  /**
   * Joins values along an axis; their other extents are equal.
   *
   * @example
   * const twice = builder.concat([x, x], 0);
   */
  concat(values: readonly Value[], axis: number): Value {
    checkArgument(WHERE, 'values of concat', values, VALUES);
    return this.single('concat', Object.fromEntries(values.map((value, i) => [`x${i}`, value])), { axis });
  }

  private single<K extends OpName>(
    op: K,
    inputs: Readonly<Record<string, Value | undefined>>,
    attributes: OpAttributes[K],
  ): Value {
    return this.node(op, inputs, attributes)[0];
  }
}

/** Tables of a score, by the names of a node's inputs. */
function tableOperands(tables: object | undefined): Record<string, Value | undefined> {
  if (tables === undefined) return {};
  const entries = readEntries('core/attention', 'tables', tables) as [string, Value | undefined][];
  return Object.fromEntries(entries.map(([name, value]) => [tableInput(name), value]));
}

/** The inputs of an op as a plain record. */
function operands(op: OpName, inputs: object): Record<string, Value | undefined> {
  return Object.fromEntries(readEntries(WHERE, `inputs of ${op}`, inputs)) as Record<
    string,
    Value | undefined
  >;
}
