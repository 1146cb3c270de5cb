/** Sums and products with broadcasting, activations, gathers, fills: one invocation an element. */
import type { Activation } from '@attn/core';
import type { KernelSource } from '../device/pipeline-cache.ts';
import { declareActivation } from './activation.ts';
import { declareBuffers, declareParams, forEachElement, rounding, type ParamTypes } from './wgsl.ts';

/** Parameters of `binaryKernel`. */
export function binaryParams(rank: number): ParamTypes {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const names = ['count', ...axes.flatMap((axis) => [`extent${axis}`, `a${axis}`, `b${axis}`])];
  return Object.fromEntries(names.map((name) => [name, 'u32' as const]));
}

/** y = a + b or a · b, with strides that are 0 where an operand is stretched. */
export function binaryKernel(op: 'add' | 'mul', rank: number, isHalf: boolean): KernelSource {
  const { declaration, round } = rounding(isHalf);
  const axes = Array.from({ length: rank }, (_, axis) => axis).reverse();
  const steps = axes.map(
    (axis) => `  at = rest % params.extent${axis};
  atA += at * params.a${axis};
  atB += at * params.b${axis};
  rest /= params.extent${axis};`,
  );
  return {
    name: `${op} ${rank}${isHalf ? ' half' : ''}`,
    code: `${declareParams(binaryParams(rank))}
${declareBuffers({ a: 'f32', b: 'f32', y: 'f32' })}
${declaration}
${forEachElement(`  var rest = i;
  var at = 0u;
  var atA = 0u;
  var atB = 0u;
${steps.join('\n')}
  y[i] = ${round(`a[atA] ${op === 'add' ? '+' : '*'} b[atB]`)};`)}`,
  };
}

export const UNARY_PARAMS = { count: 'u32' } as const;

/** y = activate(x). */
export function unaryKernel(kind: Activation, isHalf: boolean): KernelSource {
  const { declaration, round } = rounding(isHalf);
  return {
    name: `${kind}${isHalf ? ' half' : ''}`,
    code: `${declareParams(UNARY_PARAMS)}
${declareBuffers({ x: 'f32', y: 'f32' })}
${declaration}${declareActivation(kind)}
${forEachElement(`  y[i] = ${round('activate(x[i])')};`)}`,
  };
}

export const GATHER_PARAMS = { count: 'u32', inner: 'u32', indices: 'u32', extent: 'u32' } as const;

/** y [outer, indices, inner] = x [outer, extent, inner] at the indices. Those out of bounds read the last element. */
export function gatherKernel(): KernelSource {
  return {
    name: 'gather',
    code: `${declareParams(GATHER_PARAMS)}
${declareBuffers({ x: 'u32', indices: 'u32', y: 'u32' })}
${forEachElement(`  let inner = i % params.inner;
  let row = i / params.inner;
  let index = min(indices[row % params.indices], params.extent - 1u);
  y[i] = x[((row / params.indices) * params.extent + index) * params.inner + inner];`)}`,
  };
}

export const FILL_PARAMS = { count: 'u32', value: 'u32' } as const;

/** y = value, as bits. */
export function fillKernel(): KernelSource {
  return {
    name: 'fill',
    code: `${declareParams(FILL_PARAMS)}
${declareBuffers({ y: 'u32' })}
${forEachElement('  y[i] = params.value;')}`,
  };
}
