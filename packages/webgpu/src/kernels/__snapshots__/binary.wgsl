struct Params {
  count: u32,
  extent0: u32,
  a0: u32,
  b0: u32,
  extent1: u32,
  a1: u32,
  b1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;


@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= params.count) { return; }
  var rest = i;
  var at = 0u;
  var atA = 0u;
  var atB = 0u;
  at = rest % params.extent1;
  atA += at * params.a1;
  atB += at * params.b1;
  rest /= params.extent1;
  at = rest % params.extent0;
  atA += at * params.a0;
  atB += at * params.b0;
  rest /= params.extent0;
  y[i] = a[atA] + b[atB];
}