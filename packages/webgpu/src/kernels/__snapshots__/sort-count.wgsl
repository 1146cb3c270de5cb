struct Params {
  groups: u32,
  length: u32,
  blocks: u32,
  shift: u32,
  flip: u32,
  isFirst: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;

var<workgroup> found: array<atomic<u32>, 16>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (group >= params.groups) { return; }
  let row = group / params.blocks;
  let block = group % params.blocks;
  let begin = block * 1024u + lane * 16u;
  let end = min(begin + 16u, params.length);
  if (lane < 16u) { atomicStore(&found[lane], 0u); }
  workgroupBarrier();

  for (var i = begin; i < end; i++) {
    var place = i;
    if (params.isFirst == 0u) { place = places[row * params.length + i]; }
    let digit = ((x[row * params.length + place] ^ params.flip) >> params.shift) & 15u;
    atomicAdd(&found[digit], 1u);
  }
  workgroupBarrier();
  if (lane < 16u) { counts[(row * 16u + lane) * params.blocks + block] = atomicLoad(&found[lane]); }
}