/**
 * An honest but careless float32 implementation: every single operation is rounded, sums run from left to
 * right, the softmax is online with a tile of 16 keys, exponentials are base 2 with a rounded argument, erf
 * is a textbook polynomial. If the tolerances fail this one, they are too tight for real kernels.
 */
import { type Activation, type Tensor } from '@attn/core';
import {
  attentionProblem,
  broadcastStrides,
  kvHeadOf,
  namedInputs,
  rowStrides,
  scoreFunction,
  tablesOf,
  UNARY_MEANING,
  UNARY_OPS,
  unaryFunction,
  type AttentionAttributes,
  type GraphNode,
  type ReduceAttributes,
  type UnaryFunction,
  type UnaryOp,
} from '@attn/core/backend';
import {
  fromReference,
  references,
  toReference,
  type NamedReferences,
  type ReferenceTensor,
} from '@attn/core/reference';
import type { Evaluate } from '../reference-backend.ts';
import { attentionPairs } from './attention-pairs.ts';

const r = Math.fround;

/** The reference's walk over a graph, with the nodes of this file wherever an op has arithmetic. */
export const evaluateFloat32: Evaluate = (graph, inputs) => {
  const values: ReferenceTensor[] = [];
  for (const [name, id] of graph.inputs) values[id] = toReference(inputs[name]);
  for (const [id, constant] of graph.constants) values[id] = toReference(constant);
  for (const node of graph.nodes) {
    const results = compute(node, namedInputs(node, values));
    node.outputs.forEach((id, index) => {
      values[id] = toReference(fromReference(results[index], graph.values[id].dtype));
    });
  }
  const outputs: Record<string, Tensor> = {};
  for (const [name, id] of graph.outputs) outputs[name] = fromReference(values[id], graph.values[id].dtype);
  return outputs;
};

function compute(node: GraphNode, inputs: NamedReferences): readonly ReferenceTensor[] {
  switch (node.op) {
    case 'attention':
      return attention(inputs, node.attributes);
    case 'linear':
      return [linear(inputs, node.attributes.activation)];
    case 'layerNorm':
      return [layerNorm(inputs, node.attributes.eps)];
    case 'div':
      return [map(references.div(inputs, {})[0], careless)];
    case 'softmax':
      return [softmax(inputs.x, node.attributes.axis)];
    case 'reduce':
      return [reduce(inputs.x, node.attributes)];
    default:
      if (isUnary(node)) return [map(inputs.x, unary(unaryFunction(node)))];
      return references[node.op](inputs, node.attributes as never);
  }
}

function isUnary(node: GraphNode): node is Extract<GraphNode, { op: UnaryOp }> {
  return UNARY_OPS.some((op) => op === node.op);
}

/** The careless function where there is one in this file, or that of the reference. */
function unary(name: UnaryFunction): (x: number) => number {
  return UNARY[name] ?? UNARY_MEANING[name].f;
}

/** A result that a fast division or root may give: off by two units in the last place. */
function careless(value: number): number {
  return r(r(value) * (1 + 2 ** -22));
}

/** 2^(x · log₂e) with the product rounded, and the power off by up to two units in the last place. */
function exp(x: number): number {
  return r(2 ** r(x * r(Math.LOG2E)) * (1 + 1.5e-7));
}

/** From exponentials, as shaders have it; saturated where they would overflow. */
function tanh(x: number): number {
  if (Math.abs(x) > 9) return Math.sign(x);
  if (Math.abs(x) < 0.02) return r(x * r(1 - r(r(x * x) / 3)));
  const e = exp(r(2 * x));
  return r(r(e - 1) / r(e + 1));
}

/** Abramowitz & Stegun 7.1.26: off by up to 1.5e-7. */
function erf(x: number): number {
  const t = r(1 / r(1 + r(0.3275911 * Math.abs(x))));
  const terms = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const sum = terms.reduce((total, term) => r(r(total * t) + r(term)), 0);
  return Math.sign(x) * r(1 - r(r(sum * t) * exp(r(-x * x))));
}

function gelu(x: number): number {
  return x === -Infinity ? 0 : r(r(0.5 * x) * r(1 + erf(r(x * r(Math.SQRT1_2)))));
}

function geluTanh(x: number): number {
  if (x === -Infinity) return 0;
  const inner = r(r(Math.sqrt(2 / Math.PI)) * r(x + r(r(0.044715) * r(r(x * x) * x))));
  return r(r(0.5 * x) * r(1 + tanh(inner)));
}

/** The formula as shaders have it: for large negative x the exponential overflows, and the quotient is 0. */
function sigmoid(x: number): number {
  return r(1 / r(1 + exp(-x)));
}

const UNARY: Readonly<Partial<Record<UnaryFunction, (x: number) => number>>> = {
  tanh,
  gelu,
  gelu_tanh: geluTanh,
  sigmoid,
  silu: (x) => (x === -Infinity ? 0 : r(x * sigmoid(x))),
  exp,
  rsqrt: (x) => careless(1 / Math.sqrt(x)),
};

function map({ shape, data }: ReferenceTensor, f: (x: number) => number): ReferenceTensor {
  return { shape, data: data.map(f) };
}

function dot(a: Float64Array, atA: number, b: Float64Array, atB: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum = r(sum + r(a[atA + i] * b[atB + i]));
  return sum;
}

function linear({ x, weight, bias }: NamedReferences, activation: Activation | undefined): ReferenceTensor {
  const [out, length] = weight.shape;
  const shape = [...x.shape.slice(0, -1), out];
  const data = new Float64Array(shape.reduce((size, extent) => size * extent, 1));
  const activate = activation === undefined ? (sum: number) => sum : unary(activation);
  for (let i = 0; i < data.length; i++) {
    const sum = dot(x.data, Math.floor(i / out) * length, weight.data, (i % out) * length, length);
    data[i] = activate(bias ? r(sum + bias.data[i % out]) : sum);
  }
  return { shape, data };
}

function layerNorm({ x, weight, bias }: NamedReferences, eps: number): ReferenceTensor {
  const n = x.shape[x.shape.length - 1];
  const data = new Float64Array(x.data.length);
  for (let start = 0; start < data.length; start += n) {
    const row = x.data.subarray(start, start + n);
    const mean = r(row.reduce((sum, value) => r(sum + value), 0) / n);
    const variance = r(row.reduce((sum, value) => r(sum + r(r(value - mean) ** 2)), 0) / n);
    const factor = r(1 / r(Math.sqrt(r(variance + r(eps)))));
    row.forEach((value, i) => {
      const normal = r(r(value - mean) * factor);
      data[start + i] = r(r(normal * (weight?.data[i] ?? 1)) + (bias?.data[i] ?? 0));
    });
  }
  return { shape: x.shape, data };
}

function softmax({ shape, data }: ReferenceTensor, axis: number): ReferenceTensor {
  const inner = shape.slice(axis + 1).reduce((size, extent) => size * extent, 1);
  const out = new Float64Array(data.length);
  for (let first = 0; first < data.length; first++) {
    if (Math.floor(first / inner) % shape[axis] !== 0) continue;
    const at = Array.from({ length: shape[axis] }, (_, i) => first + i * inner);
    const max = at.reduce((most, i) => Math.max(most, data[i]), -Infinity);
    if (max === -Infinity) continue;
    const weights = at.map((i) => exp(r(data[i] - max)));
    const sum = weights.reduce((total, weight) => r(total + weight), 0);
    at.forEach((i, k) => (out[i] = r(weights[k] / sum)));
  }
  return { shape, data: out };
}

function reduce(x: ReferenceTensor, attributes: ReduceAttributes): ReferenceTensor {
  const { axis, kind } = attributes;
  if (kind === 'max') return references.reduce({ x }, attributes)[0];
  const extent = x.shape[axis];
  const inner = x.shape.slice(axis + 1).reduce((size, count) => size * count, 1);
  const shape = x.shape.toSpliced(axis, 1);
  const data = Float64Array.from({ length: x.data.length / extent }, (_, slice) => {
    const first = Math.floor(slice / inner) * extent * inner + (slice % inner);
    let sum = 0;
    for (let i = 0; i < extent; i++) sum = r(sum + x.data[first + i * inner]);
    return kind === 'mean' ? r(sum * r(1 / extent)) : sum;
  });
  return { shape, data };
}

const TILE = 16;

function attention(inputs: NamedReferences, attributes: AttentionAttributes): ReferenceTensor[] {
  const problem = attentionProblem(inputs, attributes);
  const { batch, heads, kvHeads, queryLength, keyLength, headDim, valueDim, layout, queryOffset } = problem;
  const q = rowStrides(layout, heads, queryLength, headDim);
  const k = rowStrides(layout, kvHeads, keyLength, headDim);
  const v = rowStrides(layout, kvHeads, keyLength, valueDim);
  const o = rowStrides(layout, heads, queryLength, valueDim);
  const outShape =
    layout === 'bhnd' ? [batch, heads, queryLength, valueDim] : [batch, queryLength, heads, valueDim];
  const out = new Float64Array(batch * heads * queryLength * valueDim);
  const lse = new Float64Array(batch * heads * queryLength).fill(-Infinity);
  const pairsOf = attentionPairs(inputs, attributes);
  const finish = logitTerms(inputs, attributes);
  const change = problem.score && scoreFunction(problem.score.tree, tablesOf(inputs), r);
  for (let at = 0; at < lse.length; at++) {
    const [b, h, i] = [
      Math.floor(at / queryLength / heads),
      Math.floor(at / queryLength) % heads,
      at % queryLength,
    ];
    const { keys, values } = pairsOf(b, h)(i);
    const valueBase = b * v.batch + kvHeadOf(problem, h) * v.head;
    const isGlobal = inputs.vGlobal !== undefined && values === inputs.vGlobal.data;
    const [query, key] = isGlobal ? [inputs.qGlobal, inputs.kGlobal] : [inputs.q, inputs.k];
    const scaled = Float64Array.from({ length: headDim }, (_, d) =>
      r(query.data[b * q.batch + h * q.head + i * q.row + d] * r(problem.scale)),
    );
    const sums = new Float64Array(valueDim);
    let [max, total] = [-Infinity, 0];
    for (let from = 0; from < keys.length; from += TILE) {
      const tile = keys.slice(from, from + TILE);
      const logits = tile.map((valueAt) => {
        const j = (valueAt - valueBase) / v.row;
        const score = dot(
          scaled,
          0,
          key.data,
          b * k.batch + kvHeadOf(problem, h) * k.head + j * k.row,
          headDim,
        );
        const logit = finish(b, h, i, j, i + queryOffset, score);
        return change?.({ s: logit, b, h, q: i + queryOffset, k: j }) ?? logit;
      });
      const next = logits.reduce((most, logit) => Math.max(most, logit), max);
      const shrink = max === -Infinity ? 0 : exp(r(max - next));
      const weights = logits.map((logit) => exp(r(logit - next)));
      total = weights.reduce((sum, weight) => r(sum + weight), r(total * shrink));
      for (let c = 0; c < valueDim; c++) {
        sums[c] = tile.reduce(
          (sum, valueAt, t) => r(sum + r(weights[t] * values[valueAt + c])),
          r(sums[c] * shrink),
        );
      }
      max = next;
    }
    if (keys.length === 0) continue;
    out.set(
      sums.map((sum) => r(sum / total)),
      b * o.batch + h * o.head + i * o.row,
    );
    lse[at] = r(max + r(Math.log(total)));
  }
  return [
    { shape: outShape, data: out },
    { shape: [batch, heads, queryLength], data: lse },
  ];
}

function logitTerms(
  { bias, alibiSlopes, relativeBias, q, k }: NamedReferences,
  attributes: AttentionAttributes,
): (b: number, h: number, i: number, j: number, position: number, score: number) => number {
  const { batch, heads, queryLength, keyLength, softcap } = attentionProblem({ q, k, v: k }, attributes);
  const strides = bias && broadcastStrides(bias.shape, [batch, heads, queryLength, keyLength]);
  const slopes = alibiSlopes && broadcastStrides(alibiSlopes.shape, [batch, heads]);
  return (b, h, i, j, position, score) => {
    let logit = softcap === undefined ? score : r(softcap * tanh(r(score / softcap)));
    if (strides)
      logit = r(logit + bias.data[b * strides[0] + h * strides[1] + i * strides[2] + j * strides[3]]);
    if (slopes)
      logit = r(logit - r(alibiSlopes.data[b * slopes[0] + h * slopes[1]] * Math.abs(position - j)));
    if (relativeBias) {
      const reach = (relativeBias.shape[1] - 1) / 2;
      const clamped = Math.max(-reach, Math.min(reach, j - position));
      logit = r(logit + relativeBias.data[h * relativeBias.shape[1] + reach + clamped]);
    }
    return logit;
  };
}
