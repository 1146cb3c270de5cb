/** The functions of one number, by core's names: for pointwise ops, and for the sums of products. */
import type { UnaryFunction } from '@attn/core/backend';
import { f32x4, type FunctionBuilder } from '../assembler/index.ts';
import type { Simd } from './arithmetic.ts';
import { exp, gelu, geluTanh, relu, sigmoid, silu, tanh, type InPlace } from './vector-math.ts';

/** Emits the constants of a function and returns how it is applied to a variable. */
type EmitUnary = (f: FunctionBuilder, simd: Simd) => InPlace;

export const UNARY: Readonly<Record<UnaryFunction, EmitUnary>> = {
  gelu,
  gelu_tanh: geluTanh,
  relu,
  tanh,
  silu,
  sigmoid,
  exp,
  square: (f) => (x) => f.set(x, f32x4.mul(x, x)),
  rsqrt: (f) => (x) => f.set(x, f32x4.div(f32x4.all(1), f32x4.sqrt(x))),
};
