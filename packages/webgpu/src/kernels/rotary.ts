/** Rotary position embedding: one invocation an element. Su et al. 2021, https://arxiv.org/abs/2104.09864 */
import type { KernelSource } from '../device/pipeline-cache.ts';
import {
  declareBuffers,
  declareParams,
  floatAccess,
  forEachElement,
  range,
  type FloatStorage,
  type ParamTypes,
} from './wgsl.ts';

/** Parameters of `rotaryKernel` for x of so many axes before the last. */
export function rotaryParams(axes: number): ParamTypes {
  const names = [
    'count',
    'width',
    'pairs',
    ...range(axes).flatMap((axis) => [`extent${axis}`, `stride${axis}`]),
  ];
  return Object.fromEntries(names.map((name) => [name, 'u32' as const]));
}

/** What a rotary kernel depends on. */
export interface RotaryOptions {
  readonly interleaved: boolean;
  /** Axes of x before the last. */
  readonly axes: number;
  readonly storage: FloatStorage;
}

/** (a, b) becomes (a·cos − b·sin, b·cos + a·sin) for each pair; what is in no pair is copied. */
export function rotaryKernel({ interleaved, axes, storage }: RotaryOptions): KernelSource {
  const { type, enable, declaration, suffix, load, store } = floatAccess(storage);
  const steps = range(axes)
    .reverse()
    .map(
      (axis) => `  table += (rest % params.extent${axis}) * params.stride${axis};
  rest /= params.extent${axis};`,
    );
  const [pair, isFirst, distance] = interleaved
    ? ['column / 2u', '(column & 1u) == 0u', '1u']
    : ['column % params.pairs', 'column < params.pairs', 'params.pairs'];
  return {
    name: `rotary ${interleaved ? 'neighbours' : 'halves'} ${axes}${suffix}`,
    code: `${enable}${declareParams(rotaryParams(axes))}
${declareBuffers({ x: type, cosines: type, sines: type, y: type })}
${declaration}
${forEachElement(`  let column = i % params.width;
  if (column >= 2u * params.pairs) { y[i] = x[i]; return; }
  var rest = i / params.width;
  var table = 0u;
${steps.join('\n')}
  let angle = table * params.pairs + ${pair};
  let straight = ${load('x[i]')} * ${load('cosines[angle]')};
  if (${isFirst}) {
    y[i] = ${store(`straight - ${load(`x[i + ${distance}]`)} * ${load('sines[angle]')}`)};
  } else {
    y[i] = ${store(`straight + ${load(`x[i - ${distance}]`)} * ${load('sines[angle]')}`)};
  }`)}`,
  };
}
