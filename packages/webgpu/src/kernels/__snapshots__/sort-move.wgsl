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
@group(0) @binding(3) var<storage, read> counts: array<u32>;
@group(0) @binding(4) var<storage, read_write> sorted: array<u32>;

// By digit, then by invocation: how often an invocation has a digit, and then where its next one goes.
var<workgroup> next: array<u32, 1024>;

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
  let row = group / params.blocks;
  let block = group % params.blocks;
  let begin = block * 1024u + lane * 16u;
  let end = min(begin + 16u, params.length);
  for (var digit = 0u; digit < 16u; digit++) { next[digit * 64u + lane] = 0u; }

  for (var i = begin; i < end; i++) {
    var place = i;
    if (params.isFirst == 0u) { place = places[row * params.length + i]; }
    let digit = ((x[row * params.length + place] ^ params.flip) >> params.shift) & 15u;
    next[digit * 64u + lane] += 1u;
  }
  workgroupBarrier();
  // Each invocation adds up a quarter of a digit.
  var sum = 0u;
  for (var i = 0u; i < 16u; i++) { sum += next[lane * 16u + i]; }
  let before = sumBefore(sum, lane);
  workgroupBarrier();
  sums[lane] = before;
  workgroupBarrier();
  let digitOfLane = lane * 16u / 64u;
  let beforeDigit = sums[digitOfLane * 4u];
  var at = counts[(row * 16u + digitOfLane) * params.blocks + block] + before - beforeDigit;
  for (var i = 0u; i < 16u; i++) {
    let count = next[lane * 16u + i];
    next[lane * 16u + i] = at;
    at += count;
  }
  workgroupBarrier();

  for (var i = begin; i < end; i++) {
    var place = i;
    if (params.isFirst == 0u) { place = places[row * params.length + i]; }
    let digit = ((x[row * params.length + place] ^ params.flip) >> params.shift) & 15u;
    let entry = digit * 64u + lane;
    sorted[row * params.length + next[entry]] = place;
    next[entry] += 1u;
  }
}