/** Activations by the names that core gives them. */
import type { Activation } from '@attn/core';
import type { FunctionBuilder } from '../assembler/index.ts';
import type { Simd } from './arithmetic.ts';
import { gelu, geluTanh, relu, tanh, type InPlace } from './vector-math.ts';

/** Emits constants of an activation and returns how it is applied to a variable. */
export function activation(name: Activation, f: FunctionBuilder, simd: Simd): InPlace {
  switch (name) {
    case 'gelu':
      return gelu(f, simd);
    case 'gelu_tanh':
      return geluTanh(f, simd);
    case 'relu':
      return relu(f);
    case 'tanh':
      return tanh(f, simd);
  }
}
