/** Copies elements of any type between strided layouts: transpositions, slices, concatenations. */
import type { KernelSource } from '../device/pipeline-cache.ts';
import type { Dispatch } from '../graph/dispatch.ts';
import type { ValueId } from '@attn/core/backend';
import {
  declareBuffers,
  declareParams,
  elementAccess,
  elementGrid,
  forEachElement,
  packParams,
  type ElementType,
  type ParamTypes,
} from './wgsl.ts';

/** A copy of a box of elements: its shape, and the offset and strides of source and target in elements. */
export interface Move {
  readonly shape: readonly number[];
  readonly from: { readonly id: ValueId; readonly offset: number; readonly strides: readonly number[] };
  readonly to: { readonly id: ValueId; readonly offset: number; readonly strides: readonly number[] };
}

/** The dispatch of a move; none for an empty box. */
export function moveDispatches(move: Move, element: ElementType): Dispatch[] {
  const { shape, from, to } = dropOnes(move);
  const count = shape.reduce((size, extent) => size * extent, 1);
  if (count === 0) return [];
  const types = moveParams(shape.length);
  const params: Record<string, number> = { count, source: from.offset, target_: to.offset };
  shape.forEach((extent, axis) => {
    params[`extent${axis}`] = extent;
    params[`from${axis}`] = from.strides[axis];
    params[`to${axis}`] = to.strides[axis];
  });
  const kernel = moveKernel(shape.length, element);
  return [
    { kernel, params: packParams(types, params), bindings: [from.id, to.id], grid: elementGrid(count) },
  ];
}

function moveParams(rank: number): ParamTypes {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return Object.fromEntries(
    [
      'count',
      'source',
      'target_',
      ...axes.flatMap((axis) => [`extent${axis}`, `from${axis}`, `to${axis}`]),
    ].map((name) => [name, 'u32' as const]),
  );
}

/** The kernel for a box with `rank` axes. */
export function moveKernel(rank: number, element: ElementType): KernelSource {
  const { enable, suffix } = elementAccess(element);
  const axes = Array.from({ length: rank }, (_, axis) => axis).reverse();
  const steps = axes.map(
    (axis) => `  at = rest % params.extent${axis};
  source += at * params.from${axis};
  target_ += at * params.to${axis};
  rest /= params.extent${axis};`,
  );
  return {
    name: `move ${rank}${suffix}`,
    code: `${enable}${declareParams(moveParams(rank))}
${declareBuffers({ from_: element, to_: element })}
${forEachElement(`  var rest = i;
  var at = 0u;
  var source = params.source;
  var target_ = params.target_;
${steps.join('\n')}
  to_[target_] = from_[source];`)}`,
  };
}

/** Removes axes of one element from a move. */
function dropOnes({ shape, from, to }: Move): Move {
  const axes = shape.map((extent, axis) => ({ extent, axis })).filter(({ extent }) => extent !== 1);
  const pick = (strides: readonly number[]): number[] => axes.map(({ axis }) => strides[axis]);
  return {
    shape: axes.map(({ extent }) => extent),
    from: { ...from, strides: pick(from.strides) },
    to: { ...to, strides: pick(to.strides) },
  };
}
