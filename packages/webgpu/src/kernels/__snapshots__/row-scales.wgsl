enable f16;
struct Params {
  rows: u32,
  length: u32,
  limit: f32,
  least: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f16>;
@group(0) @binding(2) var<storage, read_write> y: array<vec2f>;

var<workgroup> shared_: array<f32, 64>;

fn sumOf(value: f32, lane: u32, reach: u32) -> f32 {
  workgroupBarrier();
  shared_[lane] = value;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) {
      let a = shared_[lane];
      let b = shared_[lane + half];
      shared_[lane] = a + b;
    }
    workgroupBarrier();
  }
  return shared_[0];
}

fn greatestOf(value: f32, lane: u32, reach: u32) -> f32 {
  workgroupBarrier();
  shared_[lane] = value;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half >>= 1u) {
    if (lane < half) {
      let a = shared_[lane];
      let b = shared_[lane + half];
      shared_[lane] = select(b, a, a > b);
    }
    workgroupBarrier();
  }
  return shared_[0];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let reach = 1u;
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) { return; }
  var nonFinite = 0.0;
  var greatest = 0.0;
  for (var i = lane; i < params.length; i += 64u) {
    let size = abs(f32(x[row * params.length + i]));
    if (bitcast<u32>(size) >= 0x7f800000u) { nonFinite += 1.0; } else { greatest = max(greatest, size); }
  }
  let isNaNRow = sumOf(nonFinite, lane, reach) > 0.0;
  greatest = greatestOf(greatest, lane, reach);
  if (lane > 0u) { return; }
  var scales = vec2f();
  if (greatest > params.least) { scales = vec2f(params.limit / greatest, greatest / params.limit); }
  if (isNaNRow) { scales = vec2f(0.0, bitcast<f32>(0x7fc00000u | (params.rows & 0u))); }
  y[row] = scales;
}