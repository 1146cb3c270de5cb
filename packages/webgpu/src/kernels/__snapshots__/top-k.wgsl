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
@compute @workgroup_size(64)
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
    for (var i = lane; i < params.length; i += 64u) {
      let own = toOrder(x[base + i]);
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
    lastOrder = orders[0];
    lastPlace = found[0];
    if (lane == 0u) {
      values[row * params.k + chosen] = x[base + lastPlace];
      places[row * params.k + chosen] = lastPlace;
    }
  }
}