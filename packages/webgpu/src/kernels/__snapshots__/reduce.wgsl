struct Params {
  slices: u32,
  length: u32,
  inner: u32,
  split: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
var<workgroup> shared_: array<u32, 64>;

fn toOrder(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  return select(bits ^ 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}
fn fromOrder(order: u32) -> f32 {
  if (order == 0xffffffffu) { return bitcast<f32>(0x7fc00000u | (params.slices & 0u)); }
  return bitcast<f32>(select(~order, order ^ 0x80000000u, (order & 0x80000000u) != 0u));
}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let slice = (group.y * groups.x + group.x) * (64u / params.split) + lane / params.split;
  let part = lane % params.split;
  var total = u32(0);
  if (slice < params.slices) {
    let base = (slice / params.inner) * params.length * params.inner + slice % params.inner;
    for (var i = part; i < params.length; i += params.split) {
      total = max(total, toOrder(x[base + i * params.inner]));
    }
  }
  shared_[lane] = total;
  for (var half = params.split / 2u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (part < half) {
      total = max(total, shared_[lane + half]);
      shared_[lane] = total;
    }
  }
  if (part == 0u && slice < params.slices) { y[slice] = fromOrder(total); }
}