struct Params {
  count: u32,
  bytes: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= params.count) { return; }
  var word = 0u;
  for (var j = 0u; j < min(4u, params.bytes - 4u * i); j++) { word |= x[4u * i + j] << (8u * j); }
  y[i] = word;
}