/** Reduces an axis to a single number: its sum, its mean or its maximum. */
import type { ReduceKind } from '@attn/core/backend';
import type { KernelSource } from '../device/pipeline-cache.ts';
import { declareBuffers, declareParams, floatAccess, type FloatStorage } from './wgsl.ts';

/** Invocations of a workgroup. `split` divides them. */
export const REDUCE_THREADS = 64;

/**
 * Parameters of `reduceKernel`: `slices` of `length` elements, which are `inner` apart. `split` invocations,
 * a power of two, share a slice.
 */
export const REDUCE_PARAMS = { slices: 'u32', length: 'u32', inner: 'u32', split: 'u32' } as const;

/**
 * WGSL that maps floats to integers of the same order, and back. NaN is the greatest. WGSL leaves open how
 * its own max treats NaN and ∞.
 */
const ORDER = `
fn toOrder(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  return select(bits ^ 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}
fn fromOrder(order: u32) -> f32 {
  if (order == 0xffffffffu) { return bitcast<f32>(0x7fc00000u | (params.slices & 0u)); }
  return bitcast<f32>(select(~order, order ^ 0x80000000u, (order & 0x80000000u) != 0u));
}`;

/** The kernel that reduces the middle axis of x [outer, length, inner] to y [outer, inner]. */
export function reduceKernel(kind: ReduceKind, storage: FloatStorage): KernelSource {
  const { type, enable, declaration, suffix, load, store } = floatAccess(storage);
  const isMax = kind === 'max';
  const number = isMax ? 'u32' : 'f32';
  const loadOrdered = (element: string): string => (isMax ? `toOrder(${load(element)})` : load(element));
  const combine = (a: string, b: string): string => (isMax ? `max(${a}, ${b})` : `${a} + ${b}`);
  const result = { max: 'fromOrder(total)', sum: 'total', mean: 'total / f32(params.length)' }[kind];
  return {
    name: `reduce ${kind}${suffix}`,
    code: `${enable}${declareParams(REDUCE_PARAMS)}
${declareBuffers({ x: type, y: type })}
var<workgroup> shared_: array<${number}, ${REDUCE_THREADS}>;
${declaration}${isMax ? ORDER : ''}
@compute @workgroup_size(${REDUCE_THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let slice = (group.y * groups.x + group.x) * (${REDUCE_THREADS}u / params.split) + lane / params.split;
  let part = lane % params.split;
  var total = ${number}(0);
  if (slice < params.slices) {
    let base = (slice / params.inner) * params.length * params.inner + slice % params.inner;
    for (var i = part; i < params.length; i += params.split) {
      total = ${combine('total', loadOrdered('x[base + i * params.inner]'))};
    }
  }
  shared_[lane] = total;
  for (var half = params.split / 2u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (part < half) {
      total = ${combine('total', 'shared_[lane + half]')};
      shared_[lane] = total;
    }
  }
  if (part == 0u && slice < params.slices) { y[slice] = ${store(result)}; }
}`,
  };
}
