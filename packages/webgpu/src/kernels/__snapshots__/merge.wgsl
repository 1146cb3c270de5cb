struct Params {
  count: u32,
  splits: u32,
  splitOut: u32,
  splitStates: u32,
  queryCount: u32,
  queryLength: u32,
  heads: u32,
  valueDim: u32,
  hasQueryIndex: u32,
  members: u32,
  queryIndex: u32,
  outBatch: u32,
  outHead: u32,
  outToken: u32,
  outFirst: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read> states: array<vec2f>;
@group(0) @binding(3) var<storage, read> plan: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;

struct Merged { value: f32, greatest: f32, total: f32 }

fn isNotANumber(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

fn mergeParts(count: u32, firstState: u32, stepState: u32, first: u32, step: u32) -> Merged {
  var greatest = -3.4028234663852886e38;
  var isNaNRow = false;
  for (var part = 0u; part < count; part++) {
    let state = states[firstState + part * stepState];
    if (isNotANumber(state.y)) { isNaNRow = true; }
    if (state.y != 0.0) { greatest = max(greatest, state.x); }
  }
  var total = 0.0;
  var sum = 0.0;
  for (var part = 0u; part < count; part++) {
    let state = states[firstState + part * stepState];
    if (state.y == 0.0) { continue; }
    let weight = max(exp(state.x - greatest), 1.2e-38) * state.y;
    total += weight;
    sum += weight * parts[first + part * step];
  }
  // From a value of run time, because constants may not be NaN.
  let nan = bitcast<f32>(0x7fc00000u | (params.count & 0u));
  if (isNaNRow) { return Merged(nan, greatest, nan); }
  if (total == 0.0) { return Merged(0.0, greatest, 0.0); }
  return Merged(sum / total, greatest, total);
}

fn lseOf(merged: Merged) -> f32 {
  if (isNotANumber(merged.total)) { return merged.total; }
  if (merged.total == 0.0) { return bitcast<f32>(0xff800000u | (params.count & 0u)); }
  return merged.greatest + log(merged.total);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= params.count) { return; }
  let column = i % params.valueDim;
  let query = (i / params.valueDim) % params.queryCount;
  let member = plan[params.members + i / params.valueDim / params.queryCount];
  var row = query;
  if (params.hasQueryIndex == 1u) { row = plan[params.queryIndex + query]; }
  let at = member * params.queryLength + row;
  let merged = mergeParts(params.splits, at, params.splitStates, at * params.valueDim + column, params.splitOut);
  let place = (member / params.heads) * params.outBatch + (member % params.heads) * params.outHead + row * params.outToken - params.outFirst;
  out[place + column] = merged.value;
  if (column == 0u) { lse[at] = lseOf(merged); }
}