struct Params {
  count: u32,
  extent0: u32,
  mask0: u32,
  extent1: u32,
  mask1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= params.count) { return; }
  var rest = i;
  var at = 0u;
  at += (rest % params.extent1) * params.mask1;
  rest /= params.extent1;
  at += (rest % params.extent0) * params.mask0;
  rest /= params.extent0;
  y[i] = select(u32(0), x[i], mask[at] != 0u);
}