/** The greatest numbers of rows, one after another: a workgroup for each row. */
import type { KernelSource } from '../device/pipeline-cache.ts';
import { declareBuffers, declareParams, elementAccess, type ElementType } from './wgsl.ts';

/** Parameters of `topKKernel`: rows of `length` numbers, of which `k` are chosen. */
export const TOP_K_PARAMS = { rows: 'u32', length: 'u32', k: 'u32' } as const;

/** Invocations of a row: so many that each reads few numbers, and of a short row that few are idle. */
export type TopKThreads = 64 | 256;

/** The invocations for rows of this length. */
export function topKThreads(length: number): TopKThreads {
  return length > 4096 ? 256 : 64;
}

/**
 * Integers of the order of floats, above 0: NaN is that of −∞, and zeros of both signs are equal.
 */
const ORDER = `
fn toOrder(number: u32) -> u32 {
  var bits = number;
  if ((bits & 0x7fffffffu) > 0x7f800000u) { bits = 0xff800000u; }
  if (bits == 0x80000000u) { bits = 0u; }
  return select(bits ^ 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}`;

/**
 * values, places [rows, k] of x [rows, length]. Each invocation offers the greatest of its numbers; the one
 * whose number is chosen reads its numbers again, for the next. Grid: rows.
 */
export function topKKernel(element: ElementType, threads: TopKThreads): KernelSource {
  const { enable, suffix } = elementAccess(element);
  const bitsOf = (value: string): string => (element === 'f16' ? `bitcast<u32>(f32(${value}))` : value);
  return {
    name: `topK${suffix}${threads}`,
    code: `${enable}${declareParams(TOP_K_PARAMS)}
${declareBuffers({ x: element, values: element, places: 'u32' }, 2)}
var<workgroup> orders: array<u32, ${threads}>;
var<workgroup> found: array<u32, ${threads}>;
${ORDER}
// The greatest of an invocation's numbers that is less than the last one, or equal and behind it: its order,
// which is 0 where there is none, and its place.
fn nextOf(base: u32, lane: u32, last: vec2u) -> vec2u {
  var next = vec2u();
  for (var i = lane; i < params.length; i += ${threads}u) {
    let order = toOrder(${bitsOf('x[base + i]')});
    let isLeft = order < last.x || (order == last.x && i > last.y);
    if (isLeft && order > next.x) { next = vec2u(order, i); }
  }
  return next;
}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let base = row * params.length;
  var own = nextOf(base, lane, vec2u(0xffffffffu, 0u));
  for (var chosen = 0u; chosen < params.k; chosen++) {
    workgroupBarrier();
    orders[lane] = own.x;
    found[lane] = own.y;
    workgroupBarrier();
    for (var half = ${threads / 2}u; half > 0u; half >>= 1u) {
      if (lane < half) {
        let other = orders[lane + half];
        if (other > orders[lane] || (other == orders[lane] && found[lane + half] < found[lane])) {
          orders[lane] = other;
          found[lane] = found[lane + half];
        }
      }
      workgroupBarrier();
    }
    let place = found[0];
    if (lane == 0u) {
      values[row * params.k + chosen] = x[base + place];
      places[row * params.k + chosen] = place;
    }
    if (lane == place % ${threads}u) { own = nextOf(base, lane, own); }
  }
}`,
  };
}
