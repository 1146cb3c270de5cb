struct Params {
  count: u32,
  parts: u32,
  firstOut: u32,
  firstLse: u32,
  splitOut: u32,
  splitLse: u32,
  isPart: u32,
  targetOut: u32,
  targetLse: u32,
  firstMember: u32,
  heads: u32,
  length: u32,
  valueDim: u32,
  outBatch: u32,
  outHead: u32,
  outToken: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;
@group(0) @binding(4) var<storage, read_write> partLse: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

struct Merged { value: f32, lse: f32, isEmpty: bool }

fn mergeParts(count: u32, firstLse: u32, stepLse: u32, first: u32, step: u32) -> Merged {
  var greatest = -3.4028234e38;
  var isNaNRow = false;
  for (var part = 0u; part < count; part++) {
    let value = partLse[firstLse + part * stepLse];
    let bits = bitcast<u32>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) { isNaNRow = true; }
    if ((bits & 0x7f800000u) != 0x7f800000u) { greatest = max(greatest, value); }
  }
  var total = 0.0;
  var sum = 0.0;
  for (var part = 0u; part < count; part++) {
    let value = partLse[firstLse + part * stepLse];
    // −∞: this part saw no key.
    if ((bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u) { continue; }
    let weight = max(exp(value - greatest), 1.2e-38);
    total += weight;
    sum += weight * parts[first + part * step];
  }
  // From what is only known at run time, because constants may not be infinite or NaN.
  let nan = bitcast<f32>(0x7fc00000u | (params.count & 0u));
  let minusInfinity = bitcast<f32>(0xff800000u | (params.count & 0u));
  if (isNaNRow) { return Merged(nan, nan, false); }
  if (total == 0.0) { return Merged(0.0, minusInfinity, true); }
  return Merged(sum / total, greatest + log(total), false);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= params.count) { return; }
  let column = i % params.valueDim;
  let row = i / params.valueDim;
  let token = row % params.length;
  let member = params.firstMember + row / params.length;
  var merged = mergeParts(params.parts, params.firstLse + row, params.splitLse, params.firstOut + i, params.splitOut);
  if (params.isPart == 1u) {
    parts[params.targetOut + i] = merged.value;
    if (column == 0u) { partLse[params.targetLse + row] = merged.lse; }
    return;
  }
  let batch = member / params.heads;
  let place = batch * params.outBatch + (member % params.heads) * params.outHead + token * params.outToken + column;
  if (merged.isEmpty) { merged.value = v[place]; }
  if (mask[batch * params.length + token] == 0u) {
    merged.value = 0.0;
    merged.lse = bitcast<f32>(0xff800000u | (params.count & 0u));
  }
  out[place] = merged.value;
  if (column == 0u) { lse[member * params.length + token] = merged.lse; }
}