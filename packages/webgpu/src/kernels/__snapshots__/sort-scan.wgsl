struct Params {
  groups: u32,
  length: u32,
  blocks: u32,
  shift: u32,
  flip: u32,
  isFirst: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;

var<workgroup> sums: array<u32, 64>;
fn sumBefore(value: u32, lane: u32) -> u32 {
  var sum = value;
  for (var step = 1u; step < 64u; step <<= 1u) {
    workgroupBarrier();
    sums[lane] = sum;
    workgroupBarrier();
    if (lane >= step) { sum += sums[lane - step]; }
  }
  return sum - value;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (group >= params.groups) { return; }
  let size = 16u * params.blocks;
  let share = (size + 63u) / 64u;
  let begin = group * size + min(lane * share, size);
  let end = group * size + min((lane + 1u) * share, size);
  var sum = 0u;
  for (var i = begin; i < end; i++) { sum += counts[i]; }
  var next = sumBefore(sum, lane);
  for (var i = begin; i < end; i++) {
    let count = counts[i];
    counts[i] = next;
    next += count;
  }
}