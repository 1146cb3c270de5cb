struct Params {
  m: u32,
  n: u32,
  k: u32,
  firstTileRow: u32,
  firstTileColumn: u32,
  limit: f32,
  block: u32,
  blocks: u32,
  blockBytes: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> rowScales: array<vec2f>;
@group(0) @binding(3) var<storage, read> codes: array<u32>;
@group(0) @binding(4) var<storage, read> scales: array<f32>;
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
fn packed4(row: u32, step: u32) -> u32 { return codeWord(row, step) ^ 0x80808080u; }
var<workgroup> aTile: array<vec4<u32>, 512>;
var<workgroup> bTile: array<vec4<u32>, 512>;

fn input(row: u32, step: u32, end: u32) -> f32 {
  if (step >= end) { return 0.0; }
  return a[row * params.k + step];
}
// Integers of a row, 0 outside of it and from the end on.
fn inputs4(row: u32, step: u32, end: u32) -> vec4i {
  if (row >= params.m) { return vec4i(); }
  let x = vec4f(input(row, step + 0u, end), input(row, step + 1u, end), input(row, step + 2u, end), input(row, step + 3u, end));
  return vec4i(clamp(round(x * rowScales[row].x), vec4f(-params.limit), vec4f(params.limit)));
}
fn weightsOf(row: u32, step: u32, end: u32) -> u32 {
  if (row >= params.n || step >= end) { return 0u; }
  return packed4(row, step);
}

fn finish4(row: u32, first: u32, totals: vec4f) {
  if (row >= params.m) { return; }
  let scale = rowScales[row].y;
  for (var j = 0u; j < min(4u, max(params.n, first) - first); j++) {
    let column = first + j;
    var sum = scale * totals[j];
    // A row with a number that is not finite has no scale.
    if ((bitcast<u32>(scale) & 0x7fffffffu) > 0x7f800000u) { sum = scale; }
    y[row * params.n + column] = sum;
  }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let firstRow = (params.firstTileRow + group.y) * 128u;
  let firstColumn = (params.firstTileColumn + group.x) * 128u;
  let tx = lane % 16u;
  let ty = lane / 16u;
  var totals: array<vec4f, 16>;
  var begin = 0u;
  while (begin < params.k) {
    // A block, or a part of a long one.
    let block = begin / params.block;
    let end = min(min((block + 1u) * params.block, begin + 4096u), params.k);
    // Cleared by a value: without one, SwiftShader keeps the sums of the block before.
    var sums = array<vec4i, 16>();
    for (var start = begin; start < end; start += 64u) {
      workgroupBarrier();
      for (var at = lane; at < 1024u; at += 256u) {
        // Neighbours read neighbours, along a row.
        let quad = at % 16u;
        let outer = (at / 16u) % 32u;
        let step = start + quad * 4u;
        if (at < 512u) {
          let four0 = pack4xI8(inputs4(firstRow + outer * 4u + 0u, step, end));
          let four1 = pack4xI8(inputs4(firstRow + outer * 4u + 1u, step, end));
          let four2 = pack4xI8(inputs4(firstRow + outer * 4u + 2u, step, end));
          let four3 = pack4xI8(inputs4(firstRow + outer * 4u + 3u, step, end));
          aTile[quad * 32u + outer] = vec4u(four0, four1, four2, four3);
        } else {
          let four0 = weightsOf(firstColumn + outer * 4u + 0u, step, end);
          let four1 = weightsOf(firstColumn + outer * 4u + 1u, step, end);
          let four2 = weightsOf(firstColumn + outer * 4u + 2u, step, end);
          let four3 = weightsOf(firstColumn + outer * 4u + 3u, step, end);
          bTile[quad * 32u + outer] = vec4u(four0, four1, four2, four3);
        }
      }
      workgroupBarrier();
      let words = min(16u, (end - start + 3u) / 4u);
      for (var word = 0u; word < words; word++) {
        let left0 = aTile[word * 32u + ty + 0u];
        let right0 = bTile[word * 32u + tx + 0u];
        let left1 = aTile[word * 32u + ty + 16u];
        let right1 = bTile[word * 32u + tx + 16u];
        sums[0] += vec4i(dot4I8Packed(left0[0], right0[0]), dot4I8Packed(left0[0], right0[1]), dot4I8Packed(left0[0], right0[2]), dot4I8Packed(left0[0], right0[3]));
        sums[1] += vec4i(dot4I8Packed(left0[0], right1[0]), dot4I8Packed(left0[0], right1[1]), dot4I8Packed(left0[0], right1[2]), dot4I8Packed(left0[0], right1[3]));
        sums[2] += vec4i(dot4I8Packed(left0[1], right0[0]), dot4I8Packed(left0[1], right0[1]), dot4I8Packed(left0[1], right0[2]), dot4I8Packed(left0[1], right0[3]));
        sums[3] += vec4i(dot4I8Packed(left0[1], right1[0]), dot4I8Packed(left0[1], right1[1]), dot4I8Packed(left0[1], right1[2]), dot4I8Packed(left0[1], right1[3]));
        sums[4] += vec4i(dot4I8Packed(left0[2], right0[0]), dot4I8Packed(left0[2], right0[1]), dot4I8Packed(left0[2], right0[2]), dot4I8Packed(left0[2], right0[3]));
        sums[5] += vec4i(dot4I8Packed(left0[2], right1[0]), dot4I8Packed(left0[2], right1[1]), dot4I8Packed(left0[2], right1[2]), dot4I8Packed(left0[2], right1[3]));
        sums[6] += vec4i(dot4I8Packed(left0[3], right0[0]), dot4I8Packed(left0[3], right0[1]), dot4I8Packed(left0[3], right0[2]), dot4I8Packed(left0[3], right0[3]));
        sums[7] += vec4i(dot4I8Packed(left0[3], right1[0]), dot4I8Packed(left0[3], right1[1]), dot4I8Packed(left0[3], right1[2]), dot4I8Packed(left0[3], right1[3]));
        sums[8] += vec4i(dot4I8Packed(left1[0], right0[0]), dot4I8Packed(left1[0], right0[1]), dot4I8Packed(left1[0], right0[2]), dot4I8Packed(left1[0], right0[3]));
        sums[9] += vec4i(dot4I8Packed(left1[0], right1[0]), dot4I8Packed(left1[0], right1[1]), dot4I8Packed(left1[0], right1[2]), dot4I8Packed(left1[0], right1[3]));
        sums[10] += vec4i(dot4I8Packed(left1[1], right0[0]), dot4I8Packed(left1[1], right0[1]), dot4I8Packed(left1[1], right0[2]), dot4I8Packed(left1[1], right0[3]));
        sums[11] += vec4i(dot4I8Packed(left1[1], right1[0]), dot4I8Packed(left1[1], right1[1]), dot4I8Packed(left1[1], right1[2]), dot4I8Packed(left1[1], right1[3]));
        sums[12] += vec4i(dot4I8Packed(left1[2], right0[0]), dot4I8Packed(left1[2], right0[1]), dot4I8Packed(left1[2], right0[2]), dot4I8Packed(left1[2], right0[3]));
        sums[13] += vec4i(dot4I8Packed(left1[2], right1[0]), dot4I8Packed(left1[2], right1[1]), dot4I8Packed(left1[2], right1[2]), dot4I8Packed(left1[2], right1[3]));
        sums[14] += vec4i(dot4I8Packed(left1[3], right0[0]), dot4I8Packed(left1[3], right0[1]), dot4I8Packed(left1[3], right0[2]), dot4I8Packed(left1[3], right0[3]));
        sums[15] += vec4i(dot4I8Packed(left1[3], right1[0]), dot4I8Packed(left1[3], right1[1]), dot4I8Packed(left1[3], right1[2]), dot4I8Packed(left1[3], right1[3]));
      }
    }
    let scale0 = vec4f(scales[(firstColumn + 0u + tx * 4u + 0u) * params.blocks + block], scales[(firstColumn + 0u + tx * 4u + 1u) * params.blocks + block], scales[(firstColumn + 0u + tx * 4u + 2u) * params.blocks + block], scales[(firstColumn + 0u + tx * 4u + 3u) * params.blocks + block]);
    let scale1 = vec4f(scales[(firstColumn + 64u + tx * 4u + 0u) * params.blocks + block], scales[(firstColumn + 64u + tx * 4u + 1u) * params.blocks + block], scales[(firstColumn + 64u + tx * 4u + 2u) * params.blocks + block], scales[(firstColumn + 64u + tx * 4u + 3u) * params.blocks + block]);
    totals[0] += scale0 * vec4f(sums[0]);
    totals[1] += scale1 * vec4f(sums[1]);
    totals[2] += scale0 * vec4f(sums[2]);
    totals[3] += scale1 * vec4f(sums[3]);
    totals[4] += scale0 * vec4f(sums[4]);
    totals[5] += scale1 * vec4f(sums[5]);
    totals[6] += scale0 * vec4f(sums[6]);
    totals[7] += scale1 * vec4f(sums[7]);
    totals[8] += scale0 * vec4f(sums[8]);
    totals[9] += scale1 * vec4f(sums[9]);
    totals[10] += scale0 * vec4f(sums[10]);
    totals[11] += scale1 * vec4f(sums[11]);
    totals[12] += scale0 * vec4f(sums[12]);
    totals[13] += scale1 * vec4f(sums[13]);
    totals[14] += scale0 * vec4f(sums[14]);
    totals[15] += scale1 * vec4f(sums[15]);
    begin = end;
  }
  finish4(firstRow + 0u + ty * 4u + 0u, firstColumn + 0u + tx * 4u, totals[0]);
  finish4(firstRow + 0u + ty * 4u + 0u, firstColumn + 64u + tx * 4u, totals[1]);
  finish4(firstRow + 0u + ty * 4u + 1u, firstColumn + 0u + tx * 4u, totals[2]);
  finish4(firstRow + 0u + ty * 4u + 1u, firstColumn + 64u + tx * 4u, totals[3]);
  finish4(firstRow + 0u + ty * 4u + 2u, firstColumn + 0u + tx * 4u, totals[4]);
  finish4(firstRow + 0u + ty * 4u + 2u, firstColumn + 64u + tx * 4u, totals[5]);
  finish4(firstRow + 0u + ty * 4u + 3u, firstColumn + 0u + tx * 4u, totals[6]);
  finish4(firstRow + 0u + ty * 4u + 3u, firstColumn + 64u + tx * 4u, totals[7]);
  finish4(firstRow + 64u + ty * 4u + 0u, firstColumn + 0u + tx * 4u, totals[8]);
  finish4(firstRow + 64u + ty * 4u + 0u, firstColumn + 64u + tx * 4u, totals[9]);
  finish4(firstRow + 64u + ty * 4u + 1u, firstColumn + 0u + tx * 4u, totals[10]);
  finish4(firstRow + 64u + ty * 4u + 1u, firstColumn + 64u + tx * 4u, totals[11]);
  finish4(firstRow + 64u + ty * 4u + 2u, firstColumn + 0u + tx * 4u, totals[12]);
  finish4(firstRow + 64u + ty * 4u + 2u, firstColumn + 64u + tx * 4u, totals[13]);
  finish4(firstRow + 64u + ty * 4u + 3u, firstColumn + 0u + tx * 4u, totals[14]);
  finish4(firstRow + 64u + ty * 4u + 3u, firstColumn + 64u + tx * 4u, totals[15]);
}