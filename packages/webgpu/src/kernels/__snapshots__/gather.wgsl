struct Params {
  count: u32,
  inner: u32,
  indices: u32,
  extent: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= params.count) { return; }
  let inner = i % params.inner;
  let row = i / params.inner;
  let index = min(indices[row % params.indices], params.extent - 1u);
  y[i] = x[((row / params.indices) * params.extent + index) * params.inner + inner];
}