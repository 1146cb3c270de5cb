/** Ops that normalise slices: `layerNorm` and `rmsNorm` over the last axis, `softmax` over any axis. */
import { inChunks, sizeOf, type KernelCall } from '@attn/core/backend';
import { expNonPositive } from '../exp.ts';
import { readFloats, writeFloats } from '../floats.ts';

/** The kernel of `layerNorm`: (x − mean) / √(variance + eps) · weight + bias for each row [features]. */
export async function layerNorm({
  inputs,
  outputs,
  attributes,
  context,
}: KernelCall<'layerNorm'>): Promise<void> {
  const x = readFloats(inputs.x);
  const weight = inputs.weight && readFloats(inputs.weight);
  const bias = inputs.bias && readFloats(inputs.bias);
  const out = writeFloats(outputs[0]);
  const features = inputs.x.shape[inputs.x.shape.length - 1];
  await inChunks(x.length / Math.max(1, features), features, context.pause, (first, end) => {
    for (let row = first; row < end; row++) {
      const start = row * features;
      let sum = 0;
      for (let i = 0; i < features; i++) sum += x[start + i];
      const mean = sum / features;
      let squares = 0;
      for (let i = 0; i < features; i++) squares += (x[start + i] - mean) ** 2;
      const factor = 1 / Math.sqrt(squares / features + attributes.eps);
      for (let i = 0; i < features; i++) {
        const normal = (x[start + i] - mean) * factor;
        out.data[start + i] = normal * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
      }
    }
  });
  out.done();
}

/** The kernel of `rmsNorm`: x / √(mean of x² + eps) · (weight + weightOffset) for each row [features]. */
export async function rmsNorm({
  inputs,
  outputs,
  attributes,
  context,
}: KernelCall<'rmsNorm'>): Promise<void> {
  const x = readFloats(inputs.x);
  const weight = inputs.weight && readFloats(inputs.weight);
  const out = writeFloats(outputs[0]);
  const { eps, weightOffset } = attributes;
  const features = inputs.x.shape[inputs.x.shape.length - 1];
  await inChunks(x.length / Math.max(1, features), features, context.pause, (first, end) => {
    for (let row = first; row < end; row++) {
      const start = row * features;
      let squares = 0;
      for (let i = 0; i < features; i++) squares += x[start + i] ** 2;
      const factor = 1 / Math.sqrt(squares / features + eps);
      for (let i = 0; i < features; i++) {
        const normal = x[start + i] * factor;
        out.data[start + i] = weight ? normal * (weight[i] + weightOffset) : normal;
      }
    }
  });
  out.done();
}

/**
 * The kernel of `softmax`: x is seen as [outer, extent, inner], and the middle axis is normalised. A slice of
 * nothing but −∞ gives 0.
 */
export async function softmax({
  inputs,
  outputs,
  attributes,
  context,
}: KernelCall<'softmax'>): Promise<void> {
  const { shape } = inputs.x;
  const extent = shape[attributes.axis];
  const inner = sizeOf(shape.slice(attributes.axis + 1));
  const x = readFloats(inputs.x);
  const out = writeFloats(outputs[0]);
  const weights = new Float64Array(extent);
  await inChunks(x.length / Math.max(1, extent), extent, context.pause, (first, end) => {
    for (let slice = first; slice < end; slice++) {
      const start = Math.floor(slice / inner) * extent * inner + (slice % inner);
      softmaxSlice(x, start, inner, weights, out.data);
    }
  });
  out.done();
}

/** Computes the softmax of a slice, whose element i is `x[start + i · step]`. It has as many as `weights`. */
function softmaxSlice(
  x: Float32Array,
  start: number,
  step: number,
  weights: Float64Array,
  out: Float32Array,
): void {
  const extent = weights.length;
  let max = -Infinity;
  for (let i = 0, at = start; i < extent; i++, at += step) {
    // A comparison would lose NaN. As the maximum it makes the whole slice NaN.
    max = Math.max(max, x[at]);
  }
  let sum = 0;
  for (let i = 0, at = start; i < extent; i++, at += step) {
    const weight = max === -Infinity ? 0 : expNonPositive(x[at] - max);
    weights[i] = weight;
    sum += weight;
  }
  const factor = sum === 0 ? 0 : 1 / sum;
  for (let i = 0, at = start; i < extent; i++, at += step) out[at] = weights[i] * factor;
}
