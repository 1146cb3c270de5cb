struct Params {
  m: u32,
  n: u32,
  k: u32,
  aRow: u32,
  aColumn: u32,
  bRow: u32,
  bColumn: u32,
  first: u32,
  firstTileRow: u32,
  firstTileColumn: u32,
  batches: u32,
  block: u32,
  blocks: u32,
  blockBytes: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> codes: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn weights4(row: u32, step: u32) -> vec4f {
  if (row >= params.n || step >= params.k) { return vec4f(); }
  let at = (row * params.blocks * params.blockBytes + 2u * step) / 4u;
  let low = codes[at];
  var high = 0u;
  if (step + 2u < params.k) { high = codes[at + 1u]; }
  return vec4f(unpack2x16float(low), unpack2x16float(high));
}
var<workgroup> tileA: array<f32, 1088>;
var<workgroup> tileB: array<f32, 1088>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let product = params.first + group.z;
  let aAt = offsets[2u * product];
  let firstRow = (params.firstTileRow + group.y) * 64u;
  let firstColumn = (params.firstTileColumn + group.x) * 64u;
  let tx = lane % 16u;
  let ty = lane / 16u;
  var sums: array<vec4f, 4>;
  for (var start = 0u; start < params.k; start += 16u) {
    workgroupBarrier();
    for (var s = lane; s < 1024u; s += 256u) {
      let outer = s / 16u;
      let depth = s % 16u;
      var value = 0.0;
      if (firstRow + outer < params.m && start + depth < params.k) {
        value = a[aAt + (firstRow + outer) * params.aRow + (start + depth) * params.aColumn];
      }
      tileA[outer * 17u + depth] = value;
    }
    {
      let outer = lane / 4u;
      let depth = (lane % 4u) * 4u;
      let weights = weights4(firstColumn + outer, start + depth);
      tileB[outer * 17u + depth + 0u] = weights[0];
      tileB[outer * 17u + depth + 1u] = weights[1];
      tileB[outer * 17u + depth + 2u] = weights[2];
      tileB[outer * 17u + depth + 3u] = weights[3];
    }
    workgroupBarrier();
    for (var depth = 0u; depth < 16u; depth++) {
      let right = vec4f(tileB[(tx + 0u) * 17u + depth], tileB[(tx + 16u) * 17u + depth], tileB[(tx + 32u) * 17u + depth], tileB[(tx + 48u) * 17u + depth]);
      sums[0] += tileA[(ty * 4u + 0u) * 17u + depth] * right;
      sums[1] += tileA[(ty * 4u + 1u) * 17u + depth] * right;
      sums[2] += tileA[(ty * 4u + 2u) * 17u + depth] * right;
      sums[3] += tileA[(ty * 4u + 3u) * 17u + depth] * right;
    }
  }
  for (var i = 0u; i < 4u; i++) {
    let row = firstRow + ty * 4u + i;
    if (row >= params.m) { break; }
    for (var j = 0u; j < 4u; j++) {
      let column = firstColumn + tx + 16u * j;
      if (column < params.n) { y[(product * params.m + row) * params.n + column] = sums[i][j]; }
    }
  }
}