/** Functions of one number and of two, with broadcasting; gathers and fills: one invocation an element. */
import type { BinaryOp, UnaryFunction } from '@attn/core/backend';
import type { KernelSource } from '../device/pipeline-cache.ts';
import { combine, declareBinary } from './binary.ts';
import { declareUnary } from './unary.ts';
import {
  declareBuffers,
  declareParams,
  elementAccess,
  floatAccess,
  forEachElement,
  type ElementType,
  type FloatStorage,
  type ParamTypes,
} from './wgsl.ts';

/** Parameters of `binaryKernel`. */
export function binaryParams(rank: number): ParamTypes {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const names = ['count', ...axes.flatMap((axis) => [`extent${axis}`, `a${axis}`, `b${axis}`])];
  return Object.fromEntries(names.map((name) => [name, 'u32' as const]));
}

/** y = op(a, b), with strides that are 0 where an operand is stretched. */
export function binaryKernel(op: BinaryOp, rank: number, storage: FloatStorage): KernelSource {
  const { type, enable, declaration, suffix, load, store } = floatAccess(storage);
  const axes = Array.from({ length: rank }, (_, axis) => axis).reverse();
  const steps = axes.map(
    (axis) => `  at = rest % params.extent${axis};
  atA += at * params.a${axis};
  atB += at * params.b${axis};
  rest /= params.extent${axis};`,
  );
  return {
    name: `${op} ${rank}${suffix}`,
    code: `${enable}${declareParams(binaryParams(rank))}
${declareBuffers({ a: type, b: type, y: type })}
${declaration}${declareBinary(op)}
${forEachElement(`  var rest = i;
  var at = 0u;
  var atA = 0u;
  var atB = 0u;
${steps.join('\n')}
  y[i] = ${store(combine(op, load('a[atA]'), load('b[atB]')))};`)}`,
  };
}

export const UNARY_PARAMS = { count: 'u32' } as const;

/** y = f(x). */
export function unaryKernel(name: UnaryFunction, storage: FloatStorage): KernelSource {
  const { type, enable, declaration, suffix, load, store } = floatAccess(storage);
  return {
    name: `${name}${suffix}`,
    code: `${enable}${declareParams(UNARY_PARAMS)}
${declareBuffers({ x: type, y: type })}
${declaration}${declareUnary(name)}
${forEachElement(`  y[i] = ${store(`activate(${load('x[i]')})`)};`)}`,
  };
}

export const GATHER_PARAMS = { count: 'u32', inner: 'u32', indices: 'u32', extent: 'u32' } as const;

/**
 * y [outer, indices, inner] = x [outer, extent, inner] at the indices. An index out of bounds reads the last
 * element.
 */
export function gatherKernel(element: ElementType): KernelSource {
  const { enable, suffix } = elementAccess(element);
  return {
    name: `gather${suffix}`,
    code: `${enable}${declareParams(GATHER_PARAMS)}
${declareBuffers({ x: element, indices: 'u32', y: element })}
${forEachElement(`  let inner = i % params.inner;
  let row = i / params.inner;
  let index = min(indices[row % params.indices], params.extent - 1u);
  y[i] = x[((row / params.indices) * params.extent + index) * params.inner + inner];`)}`,
  };
}

export const WRITE_ROWS_PARAMS = { count: 'u32', inner: 'u32', rows: 'u32', extent: 'u32' } as const;

/**
 * y [outer, extent, inner] at … at + rows − 1 = x [outer, rows, inner]; the other rows of y stay. Rows out of
 * bounds are written to the last rows.
 */
export function writeRowsKernel(element: ElementType): KernelSource {
  const { enable, suffix } = elementAccess(element);
  return {
    name: `writeRows${suffix}`,
    code: `${enable}${declareParams(WRITE_ROWS_PARAMS)}
${declareBuffers({ x: element, at: 'u32', y: element })}
${forEachElement(`  let inner = i % params.inner;
  let row = i / params.inner;
  let first = min(at[0], params.extent - params.rows);
  let place = (row / params.rows) * params.extent + first + row % params.rows;
  y[place * params.inner + inner] = x[i];`)}`,
  };
}

export const FILL_PARAMS = { count: 'u32', value: 'u32' } as const;

/** y = value, as bits. */
export function fillKernel(element: ElementType): KernelSource {
  const { enable, suffix } = elementAccess(element);
  return {
    name: `fill${suffix}`,
    code: `${enable}${declareParams(FILL_PARAMS)}
${declareBuffers({ y: element })}
${forEachElement(`  y[i] = ${element}(params.value);`)}`,
  };
}
