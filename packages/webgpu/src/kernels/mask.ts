/**
 * Replaces elements by 0 where a mask is 0, even NaN: a selection of bits, one invocation for each element.
 */
import type { KernelSource } from '../device/pipeline-cache.ts';
import {
  declareBuffers,
  declareParams,
  elementAccess,
  forEachElement,
  type ElementType,
  type ParamTypes,
} from './wgsl.ts';

/**
 * Parameters of `maskKernel`: extents of x, and strides of the mask, which are 0 along axes that are
 * broadcast.
 */
export function maskParams(rank: number): ParamTypes {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const names = ['count', ...axes.flatMap((axis) => [`extent${axis}`, `mask${axis}`])];
  return Object.fromEntries(names.map((name) => [name, 'u32' as const]));
}

/** y = x where mask ≠ 0, else 0. */
export function maskKernel(rank: number, element: ElementType): KernelSource {
  const { enable, suffix } = elementAccess(element);
  const axes = Array.from({ length: rank }, (_, axis) => axis).reverse();
  const steps = axes.map(
    (axis) => `  at += (rest % params.extent${axis}) * params.mask${axis};
  rest /= params.extent${axis};`,
  );
  return {
    name: `mask ${rank}${suffix}`,
    code: `${enable}${declareParams(maskParams(rank))}
${declareBuffers({ x: element, mask: 'u32', y: element })}
${forEachElement(`  var rest = i;
  var at = 0u;
${steps.join('\n')}
  y[i] = select(${element}(0), x[i], mask[at] != 0u);`)}`,
  };
}
