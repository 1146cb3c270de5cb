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
@group(0) @binding(3) var<storage, read> scales: array<f32>;
@group(0) @binding(4) var<storage, read> offsets: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn zeroOf(row: u32, block: u32) -> i32 { return 128; }
fn codeWord(row: u32, step: u32) -> u32 {
  let within = step % params.block;
  let at = (row * params.blocks + step / params.block) * params.blockBytes;
  return codes[(at + within) / 4u];
}
fn integers4(row: u32, step: u32) -> vec4i {
  let word = vec4u(codeWord(row, step)) >> vec4u(0u, 8u, 16u, 24u);
  return vec4i(word & vec4u(255u)) - zeroOf(row, step / params.block);
}
fn weights4(row: u32, step: u32) -> vec4f {
  if (row >= params.n || step >= params.k) { return vec4f(); }
  return scales[row * params.blocks + step / params.block] * vec4f(integers4(row, step));
}
var<workgroup> aTile: array<vec4f, 512>;
var<workgroup> bTile: array<vec4f, 512>;

fn aElement(at: u32, outer: u32, step: u32) -> f32 {
  if (outer >= params.m || step >= params.k) { return 0.0; }
  return a[at + outer * params.aRow + step * params.aColumn];
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let product = params.first + group.z;
  let aAt = offsets[2u * product];
  let firstRow = (params.firstTileRow + group.y) * 128u;
  let firstColumn = (params.firstTileColumn + group.x) * 128u;
  // Rows 4 ty … and 4 (ty + 16) …, columns likewise.
  let tx = lane % 16u;
  let ty = lane / 16u;
  let block = lane % 128u;
  var sums: array<vec4f, 16>;
  for (var start = 0u; start < params.k; start += 16u) {
    workgroupBarrier();
    if (lane < 128u) {
      // Neighbours read neighbours, along whichever side is dense.
      let isDense = params.aColumn == 1u;
      let depth = select(block / 32u, block % 4u, isDense) * 4u;
      let outer = select(block % 32u, block / 4u, isDense);
      for (var j = 0u; j < 4u; j++) {
        let step = start + depth + j;
        let row = firstRow + outer * 4u;
        aTile[(depth + j) * 32u + outer] = vec4f(aElement(aAt, row + 0u, step), aElement(aAt, row + 1u, step), aElement(aAt, row + 2u, step), aElement(aAt, row + 3u, step));
      }
    } else {
      let depth = (block % 4u) * 4u;
      let outer = block / 4u;
      let column = firstColumn + outer * 4u;
      let weights0 = weights4(column + 0u, start + depth);
      let weights1 = weights4(column + 1u, start + depth);
      let weights2 = weights4(column + 2u, start + depth);
      let weights3 = weights4(column + 3u, start + depth);
      bTile[(depth + 0u) * 32u + outer] = vec4f(weights0[0], weights1[0], weights2[0], weights3[0]);
      bTile[(depth + 1u) * 32u + outer] = vec4f(weights0[1], weights1[1], weights2[1], weights3[1]);
      bTile[(depth + 2u) * 32u + outer] = vec4f(weights0[2], weights1[2], weights2[2], weights3[2]);
      bTile[(depth + 3u) * 32u + outer] = vec4f(weights0[3], weights1[3], weights2[3], weights3[3]);
    }
    workgroupBarrier();
    for (var step = 0u; step < 16u; step++) {
      let left0 = aTile[step * 32u + ty];
      let left1 = aTile[step * 32u + ty + 16u];
      let right0 = bTile[step * 32u + tx];
      let right1 = bTile[step * 32u + tx + 16u];
      sums[0] += left0[0] * right0;
      sums[1] += left0[0] * right1;
      sums[2] += left0[1] * right0;
      sums[3] += left0[1] * right1;
      sums[4] += left0[2] * right0;
      sums[5] += left0[2] * right1;
      sums[6] += left0[3] * right0;
      sums[7] += left0[3] * right1;
      sums[8] += left1[0] * right0;
      sums[9] += left1[0] * right1;
      sums[10] += left1[1] * right0;
      sums[11] += left1[1] * right1;
      sums[12] += left1[2] * right0;
      sums[13] += left1[2] * right1;
      sums[14] += left1[3] * right0;
      sums[15] += left1[3] * right1;
    }
  }
  // Results pass through shared memory, so that neighbours write neighbours: 32 rows at a time.
  for (var round = 0u; round < 4u; round++) {
    workgroupBarrier();
    if (round == 0u) {
      aTile[ty * 32u + tx + 0u] = sums[0];
      aTile[ty * 32u + tx + 16u] = sums[1];
      bTile[ty * 32u + tx + 0u] = sums[2];
      bTile[ty * 32u + tx + 16u] = sums[3];
    }
    if (round == 1u) {
      aTile[ty * 32u + tx + 0u] = sums[4];
      aTile[ty * 32u + tx + 16u] = sums[5];
      bTile[ty * 32u + tx + 0u] = sums[6];
      bTile[ty * 32u + tx + 16u] = sums[7];
    }
    if (round == 2u) {
      aTile[ty * 32u + tx + 0u] = sums[8];
      aTile[ty * 32u + tx + 16u] = sums[9];
      bTile[ty * 32u + tx + 0u] = sums[10];
      bTile[ty * 32u + tx + 16u] = sums[11];
    }
    if (round == 3u) {
      aTile[ty * 32u + tx + 0u] = sums[12];
      aTile[ty * 32u + tx + 16u] = sums[13];
      bTile[ty * 32u + tx + 0u] = sums[14];
      bTile[ty * 32u + tx + 16u] = sums[15];
    }
    workgroupBarrier();
    for (var s = lane; s < 4096u; s += 256u) {
      // Row 2 · (round % 2) + i of the four that each ty has.
      let at = s % 2048u;
      let i = s / 2048u;
      let row = firstRow + (round / 2u) * 64u + (at / 128u) * 4u + (round % 2u) * 2u + i;
      let column = firstColumn + at % 128u;
      if (row < params.m && column < params.n) {
        var four = aTile[at / 4u];
        if (i == 1u) { four = bTile[at / 4u]; }
        let sum = four[at % 4u];
        y[(product * params.m + row) * params.n + column] = sum;
      }
    }
  }
}