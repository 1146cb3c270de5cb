/** What sentence-transformers does with a vector after the pooling: module by module, row by row. */
import { f32, type Tensor } from '@attn/core';
import { UNARY_MEANING } from '@attn/core/backend';
import { normalizeRows } from '../encode/normalize.ts';

/** Functions that a `Dense` may apply. */
export type DenseActivation = 'identity' | 'tanh' | 'relu' | 'gelu' | 'sigmoid' | 'silu';

/** `Dense`: act(x Wᵀ + b). */
export interface DenseModule {
  readonly kind: 'dense';
  /** [out, in]. */
  readonly weight: Tensor<'f32'>;
  readonly bias: Tensor<'f32'> | undefined;
  readonly activation: DenseActivation;
}

/** `LayerNorm`, with an epsilon of 10⁻⁵. */
export interface LayerNormModule {
  readonly kind: 'layer-norm';
  readonly weight: Tensor<'f32'>;
  readonly bias: Tensor<'f32'>;
}

/** `Normalize`: every vector gets the length 1. */
export interface NormalizeModule {
  readonly kind: 'normalize';
}

/** A module between the pooling and the result. */
export type VectorModule = DenseModule | LayerNormModule | NormalizeModule;

const EPSILON = 1e-5;

/** The width of a module's results, for vectors of this width; undefined where it takes no such vectors. */
export function widthAfter(module: VectorModule, width: number): number | undefined {
  switch (module.kind) {
    case 'dense':
      return module.weight.shape[1] === width ? module.weight.shape[0] : undefined;
    case 'layer-norm':
      return module.weight.shape[0] === width ? width : undefined;
    case 'normalize':
      return width;
    default:
      return module satisfies never;
  }
}

/** Runs modules over the rows of a matrix, which may be overwritten. */
export function applyModules(modules: readonly VectorModule[], matrix: Tensor<'f32'>): Tensor<'f32'> {
  return modules.reduce(apply, matrix);
}

function apply(matrix: Tensor<'f32'>, module: VectorModule): Tensor<'f32'> {
  switch (module.kind) {
    case 'dense':
      return dense(matrix, module);
    case 'layer-norm':
      return layerNorm(matrix, module);
    case 'normalize':
      return normalizeRows(matrix);
    default:
      return module satisfies never;
  }
}

function dense({ shape: [rows], data }: Tensor<'f32'>, module: DenseModule): Tensor<'f32'> {
  const { weight, bias, activation } = module;
  const [width, inputs] = weight.shape;
  const act = activation === 'identity' ? (value: number) => value : UNARY_MEANING[activation].f;
  // Lazy tensors read their file whenever they are asked for their data.
  const [weights, biases] = [weight.data, bias?.data];
  const result = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const vector = data.subarray(row * inputs, (row + 1) * inputs);
    for (let column = 0; column < width; column++) {
      let sum = biases?.[column] ?? 0;
      const start = column * inputs;
      for (let i = 0; i < inputs; i++) sum += vector[i] * weights[start + i];
      result[row * width + column] = act(sum);
    }
  }
  return f32([rows, width], result);
}

function layerNorm({ shape, data }: Tensor<'f32'>, { weight, bias }: LayerNormModule): Tensor<'f32'> {
  const [rows, width] = shape;
  const result = new Float32Array(data.length);
  for (let start = 0; start < rows * width; start += width) {
    const vector = Float64Array.from(data.subarray(start, start + width));
    const mean = vector.reduce((sum, value) => sum + value, 0) / width;
    const variance = vector.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    const scale = 1 / Math.sqrt(variance + EPSILON);
    for (let i = 0; i < width; i++)
      result[start + i] = (vector[i] - mean) * scale * weight.data[i] + bias.data[i];
  }
  return f32(shape, result);
}
