/** The greatest numbers of rows, one after another: a workgroup for each row looks k times for the next. */
import type { KernelSource } from '../device/pipeline-cache.ts';
import { declareBuffers, declareParams, elementAccess, type ElementType } from './wgsl.ts';

const THREADS = 64;

/** Parameters of `topKKernel`: rows of `length` numbers, of which `k` are chosen. */
export const TOP_K_PARAMS = { rows: 'u32', length: 'u32', k: 'u32' } as const;

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

/** values, places [rows, k] of x [rows, length]. Grid: rows. */
export function topKKernel(element: ElementType): KernelSource {
  const { enable, suffix } = elementAccess(element);
  const bitsOf = (value: string): string => (element === 'f16' ? `bitcast<u32>(f32(${value}))` : value);
  return {
    name: `topK${suffix}`,
    code: `${enable}${declareParams(TOP_K_PARAMS)}
${declareBuffers({ x: element, values: element, places: 'u32' }, 2)}
var<workgroup> orders: array<u32, ${THREADS}>;
var<workgroup> found: array<u32, ${THREADS}>;
${ORDER}
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let base = row * params.length;
  // The number that was chosen last: the next is less, or equal and behind it.
  var lastOrder = 0xffffffffu;
  var lastPlace = 0u;
  for (var chosen = 0u; chosen < params.k; chosen++) {
    var order = 0u;
    var place = 0u;
    for (var i = lane; i < params.length; i += ${THREADS}u) {
      let own = toOrder(${bitsOf('x[base + i]')});
      let isLeft = own < lastOrder || (own == lastOrder && i > lastPlace);
      if (isLeft && own > order) {
        order = own;
        place = i;
      }
    }
    workgroupBarrier();
    orders[lane] = order;
    found[lane] = place;
    workgroupBarrier();
    for (var half = ${THREADS / 2}u; half > 0u; half >>= 1u) {
      if (lane < half) {
        let other = orders[lane + half];
        if (other > orders[lane] || (other == orders[lane] && found[lane + half] < found[lane])) {
          orders[lane] = other;
          found[lane] = found[lane + half];
        }
      }
      workgroupBarrier();
    }
    lastOrder = orders[0];
    lastPlace = found[0];
    if (lane == 0u) {
      values[row * params.k + chosen] = x[base + lastPlace];
      places[row * params.k + chosen] = lastPlace;
    }
  }
}`,
  };
}
