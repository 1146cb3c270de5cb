struct Params {
  rows: u32,
  length: u32,
  k: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;
var<workgroup> orders: array<u32, 64>;
var<workgroup> found: array<u32, 64>;

fn toOrder(number: u32) -> u32 {
  var bits = number;
  if ((bits & 0x7fffffffu) > 0x7f800000u) { bits = 0xff800000u; }
  if (bits == 0x80000000u) { bits = 0u; }
  return select(bits ^ 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}
// The greatest of an invocation's numbers that is less than the last one, or equal and behind it: its order,
// which is 0 where there is none, and its place.
fn nextOf(base: u32, lane: u32, last: vec2u) -> vec2u {
  var next = vec2u();
  for (var i = lane; i < params.length; i += 64u) {
    let order = toOrder(x[base + i]);
    let isLeft = order < last.x || (order == last.x && i > last.y);
    if (isLeft && order > next.x) { next = vec2u(order, i); }
  }
  return next;
}
@compute @workgroup_size(64)
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
    for (var half = 32u; half > 0u; half >>= 1u) {
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
    if (lane == place % 64u) { own = nextOf(base, lane, own); }
  }
}