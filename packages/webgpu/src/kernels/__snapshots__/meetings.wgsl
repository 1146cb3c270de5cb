struct Params {
  count: u32,
  length: u32,
  slots: u32,
  firstRow: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read> buckets: array<u32>;
@group(0) @binding(3) var<storage, read_write> meetings: array<vec2u>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= params.count) { return; }
  let row = i / params.length;
  let first = (params.firstRow + row) * params.length;
  let token = min(order[first + i % params.length], params.length - 1u);
  let chunk = (i % params.length) / params.slots;
  meetings[row * params.length + token] = vec2u(chunk, buckets[first + token]);
}