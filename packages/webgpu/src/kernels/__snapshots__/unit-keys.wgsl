enable f16;
struct Params {
  rows: u32,
  length: u32,
  tokens: u32,
  heads: u32,
  firstMember: u32,
  xBatch: u32,
  xHead: u32,
  xToken: u32,
  eps: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f16>;
@group(0) @binding(2) var<storage, read_write> keys: array<f32>;

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
  let member = params.firstMember + row / params.tokens;
  let base = (member / params.heads) * params.xBatch + (member % params.heads) * params.xHead + (row % params.tokens) * params.xToken;
  var nonFinite = 0.0;
  var greatest = 0.0;
  for (var i = lane; i < params.length; i += 64u) {
    let size = abs(f32(x[base + i]));
    if (bitcast<u32>(size) >= 0x7f800000u) { nonFinite += 1.0; } else { greatest = max(greatest, size); }
  }
  let isNaNRow = sumOf(nonFinite, lane, reach) > 0.0;
  greatest = greatestOf(greatest, lane, reach);
  // Its inverse is a number as well.
  let unitBits = min(bitcast<u32>(max(greatest, 1e-12)) & 0x7f800000u, 0x7e800000u);
  let inverse = bitcast<f32>(0x7f000000u - unitBits);
  var squares = 0.0;
  for (var i = lane; i < params.length; i += 64u) {
    let value = f32(x[base + i]) * inverse;
    squares += value * value;
  }
  let root = sqrt(sumOf(squares, lane, reach) + params.eps * inverse * inverse);
  let norm = max(root, 1e-12 * inverse);
  for (var i = lane; i < params.length; i += 64u) {
    var key = f32(x[base + i]) * inverse / norm;
    if (isNaNRow) { key = bitcast<f32>(0x7fc00000u | (params.rows & 0u)); }
    keys[row * params.length + i] = key;
  }
}