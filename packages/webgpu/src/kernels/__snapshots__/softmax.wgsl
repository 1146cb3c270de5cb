struct Params {
  rows: u32,
  length: u32,
  inner: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

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