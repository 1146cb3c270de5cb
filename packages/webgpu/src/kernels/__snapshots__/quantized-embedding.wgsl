struct Params {
  count: u32,
  dim: u32,
  extent: u32,
  block: u32,
  blocks: u32,
  blockBytes: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> codes: array<u32>;
@group(0) @binding(3) var<storage, read> scales: array<f32>;
@group(0) @binding(4) var<storage, read> zeroPoints: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn zeroOf(row: u32, block: u32) -> i32 {
  let at = row * ((params.blocks + 1u) / 2u) + block / 2u;
  return i32((zeroPoints[at / 4u] >> (8u * (at % 4u) + 4u * (block % 2u))) & 15u);
}
fn integerAt(row: u32, step: u32) -> i32 {
  let block = step / params.block;
  let within = step % params.block;
  let at = (row * params.blocks + block) * params.blockBytes + within / 2u;
  let word = codes[at / 4u];
  return i32((word >> (8u * (at % 4u) + 4u * (within % 2u))) & 15u) - zeroOf(row, block);
}
fn weightAt(row: u32, step: u32) -> f32 {
  return scales[row * params.blocks + step / params.block] * f32(integerAt(row, step));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= params.count) { return; }
  let row = min(ids[i / params.dim], params.extent - 1u);
  y[i] = weightAt(row, i % params.dim);
}