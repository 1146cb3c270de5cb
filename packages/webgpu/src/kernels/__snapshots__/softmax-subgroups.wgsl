enable subgroups;
struct Params {
  rows: u32,
  length: u32,
  inner: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

var<workgroup> shared_: array<f32, 64>;
var<workgroup> commonReach: atomic<u32>;
fn subgroupReach(lane: u32, size: u32, id: u32) -> u32 {
  let first = subgroupBroadcastFirst(lane / size);
  let isElsewhere = id != lane % size || first != lane / size;
  if (lane == 0u) { atomicStore(&commonReach, size); }
  workgroupBarrier();
  if (isElsewhere) { atomicStore(&commonReach, 1u); }
  return workgroupUniformLoad(&commonReach);
}

fn sumOf(value: f32, lane: u32, reach: u32) -> f32 {
  var a = value;
  if (reach > 1u) {
    let b = subgroupShuffleXor(a, 1u);
    a = a + b;
  }
  if (reach > 2u) {
    let b = subgroupShuffleXor(a, 2u);
    a = a + b;
  }
  if (reach > 4u) {
    let b = subgroupShuffleXor(a, 4u);
    a = a + b;
  }
  if (reach > 8u) {
    let b = subgroupShuffleXor(a, 8u);
    a = a + b;
  }
  if (reach > 16u) {
    let b = subgroupShuffleXor(a, 16u);
    a = a + b;
  }
  if (reach > 32u) {
    let b = subgroupShuffleXor(a, 32u);
    a = a + b;
  }
  if (reach >= 64u) { return a; }
  workgroupBarrier();
  shared_[lane] = a;
  workgroupBarrier();
  a = shared_[0];
  for (var other = reach; other < 64u; other += reach) {
    let b = shared_[other];
    a = a + b;
  }
  return a;
}

fn greatestOf(value: f32, lane: u32, reach: u32) -> f32 {
  var a = value;
  if (reach > 1u) {
    let b = subgroupShuffleXor(a, 1u);
    a = select(b, a, a > b);
  }
  if (reach > 2u) {
    let b = subgroupShuffleXor(a, 2u);
    a = select(b, a, a > b);
  }
  if (reach > 4u) {
    let b = subgroupShuffleXor(a, 4u);
    a = select(b, a, a > b);
  }
  if (reach > 8u) {
    let b = subgroupShuffleXor(a, 8u);
    a = select(b, a, a > b);
  }
  if (reach > 16u) {
    let b = subgroupShuffleXor(a, 16u);
    a = select(b, a, a > b);
  }
  if (reach > 32u) {
    let b = subgroupShuffleXor(a, 32u);
    a = select(b, a, a > b);
  }
  if (reach >= 64u) { return a; }
  workgroupBarrier();
  shared_[lane] = a;
  workgroupBarrier();
  a = shared_[0];
  for (var other = reach; other < 64u; other += reach) {
    let b = shared_[other];
    a = select(b, a, a > b);
  }
  return a;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32, @builtin(subgroup_size) subgroupSize: u32, @builtin(subgroup_invocation_id) subgroupLane: u32) {
  let reach = subgroupReach(lane, subgroupSize, subgroupLane);
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  let base = (row / params.inner) * params.length * params.inner + row % params.inner;
  // ∞ and NaN are recognised by their bits. A row of −∞ has a softmax, one with ∞ or NaN has none.
  var invalid = 0.0;
  var greatest = -3.4028234663852886e38;
  for (var i = lane; i < params.length; i += 64u) {
    let value = x[base + i * params.inner];
    let bits = bitcast<u32>(value);
    if ((bits & 0x7f800000u) == 0x7f800000u) {
      invalid += select(1.0, 0.0, bits == 0xff800000u);
    } else {
      greatest = max(greatest, value);
    }
  }
  greatest = greatestOf(greatest, lane, reach);
  let isNaNRow = sumOf(invalid, lane, reach) > 0.0;
  var sum = 0.0;
  for (var i = lane; i < params.length; i += 64u) { sum += exp(x[base + i * params.inner] - greatest); }
  sum = sumOf(sum, lane, reach);
  let factor = select(1.0 / sum, 0.0, sum == 0.0);
  for (var i = lane; i < params.length; i += 64u) {
    let at = base + i * params.inner;
    if (isNaNRow) { y[at] = f32(bitcast<f32>(0x7fc00000u | (params.rows & 0u))); continue; }
    y[at] = exp(x[at] - greatest) * factor;
  }
}