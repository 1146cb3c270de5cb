enable f16;
struct Params {
  rows: u32,
  length: u32,
  eps: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f16>;
@group(0) @binding(2) var<storage, read> weight: array<f16>;
@group(0) @binding(3) var<storage, read> bias: array<f16>;
@group(0) @binding(4) var<storage, read_write> y: array<f16>;

fn roundToHalf(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  if (size >= 0x7f800000u) { return x; }
  if (size >= 0x477ff000u) { return bitcast<f32>((bits & 0x80000000u) | 0x7f800000u); }
  if (size < 0x38800000u) { return round(x * 16777216.0) / 16777216.0; }
  return bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
}
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
  let base = row * params.length;
  var sum = 0.0;
  for (var i = lane; i < params.length; i += 64u) { sum += f32(x[base + i]); }
  let mean = sumOf(sum, lane, reach) / f32(params.length);
  var squares = 0.0;
  for (var i = lane; i < params.length; i += 64u) {
    let centred = f32(x[base + i]) - mean;
    squares += centred * centred;
  }
  let deviation = sqrt(sumOf(squares, lane, reach) / f32(params.length) + params.eps);
  for (var i = lane; i < params.length; i += 64u) {
    let normal = (f32(x[base + i]) - mean) / deviation;
    y[base + i] = f16(roundToHalf(normal * f32(weight[i]) + f32(bias[i])));
  }
}