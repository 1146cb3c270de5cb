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
@group(0) @binding(5) var<storage, read> zeroPoints: array<u32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

fn zeroOf(row: u32, block: u32) -> i32 {
  let at = row * ((params.blocks + 1u) / 2u) + block / 2u;
  return i32((zeroPoints[at / 4u] >> (8u * (at % 4u) + 4u * (block % 2u))) & 15u);
}
fn codeWord(row: u32, step: u32) -> u32 {
  let within = step % params.block;
  let at = (row * params.blocks + step / params.block) * params.blockBytes;
  return codes[(at + within / 2u) / 4u] >> (4u * (within % 8u));
}
fn integers4(row: u32, step: u32) -> vec4i {
  let word = vec4u(codeWord(row, step)) >> vec4u(0u, 4u, 8u, 12u);
  return vec4i(word & vec4u(15u)) - zeroOf(row, step / params.block);
}
var<workgroup> aTile: array<vec4<i32>, 256>;
var<workgroup> bTile: array<vec4<i32>, 256>;

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
fn weightsOf(row: u32, step: u32, end: u32) -> vec4i {
  if (row >= params.n || step >= end) { return vec4i(); }
  return integers4(row, step);
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
  let firstRow = (params.firstTileRow + group.y) * 64u;
  let firstColumn = (params.firstTileColumn + group.x) * 64u;
  let tx = lane % 16u;
  let ty = lane / 16u;
  var totals: array<vec4f, 4>;
  var begin = 0u;
  while (begin < params.k) {
    // A block, or a part of a long one.
    let block = begin / params.block;
    let end = min(min((block + 1u) * params.block, begin + 4096u), params.k);
    // Cleared by a value: without one, SwiftShader keeps the sums of the block before.
    var sums = array<vec4i, 4>();
    for (var start = begin; start < end; start += 16u) {
      workgroupBarrier();
      for (var at = lane; at < 128u; at += 256u) {
        // Neighbours read neighbours, along a row.
        let quad = at % 4u;
        let outer = (at / 4u) % 16u;
        let step = start + quad * 4u;
        if (at < 64u) {
          let four0 = inputs4(firstRow + outer * 4u + 0u, step, end);
          let four1 = inputs4(firstRow + outer * 4u + 1u, step, end);
          let four2 = inputs4(firstRow + outer * 4u + 2u, step, end);
          let four3 = inputs4(firstRow + outer * 4u + 3u, step, end);
          aTile[(quad * 4u + 0u) * 16u + outer] = vec4i(four0[0], four1[0], four2[0], four3[0]);
          aTile[(quad * 4u + 1u) * 16u + outer] = vec4i(four0[1], four1[1], four2[1], four3[1]);
          aTile[(quad * 4u + 2u) * 16u + outer] = vec4i(four0[2], four1[2], four2[2], four3[2]);
          aTile[(quad * 4u + 3u) * 16u + outer] = vec4i(four0[3], four1[3], four2[3], four3[3]);
        } else {
          let four0 = weightsOf(firstColumn + outer * 4u + 0u, step, end);
          let four1 = weightsOf(firstColumn + outer * 4u + 1u, step, end);
          let four2 = weightsOf(firstColumn + outer * 4u + 2u, step, end);
          let four3 = weightsOf(firstColumn + outer * 4u + 3u, step, end);
          bTile[(quad * 4u + 0u) * 16u + outer] = vec4i(four0[0], four1[0], four2[0], four3[0]);
          bTile[(quad * 4u + 1u) * 16u + outer] = vec4i(four0[1], four1[1], four2[1], four3[1]);
          bTile[(quad * 4u + 2u) * 16u + outer] = vec4i(four0[2], four1[2], four2[2], four3[2]);
          bTile[(quad * 4u + 3u) * 16u + outer] = vec4i(four0[3], four1[3], four2[3], four3[3]);
        }
      }
      workgroupBarrier();
      let words = min(16u, (end - start + 0u) / 1u);
      for (var word = 0u; word < words; word++) {
        let left0 = aTile[word * 16u + ty + 0u];
        let right0 = bTile[word * 16u + tx + 0u];
        sums[0] += left0[0] * right0;
        sums[1] += left0[1] * right0;
        sums[2] += left0[2] * right0;
        sums[3] += left0[3] * right0;
      }
    }
    let scale0 = vec4f(scales[(firstColumn + 0u + tx * 4u + 0u) * params.blocks + block], scales[(firstColumn + 0u + tx * 4u + 1u) * params.blocks + block], scales[(firstColumn + 0u + tx * 4u + 2u) * params.blocks + block], scales[(firstColumn + 0u + tx * 4u + 3u) * params.blocks + block]);
    totals[0] += scale0 * vec4f(sums[0]);
    totals[1] += scale0 * vec4f(sums[1]);
    totals[2] += scale0 * vec4f(sums[2]);
    totals[3] += scale0 * vec4f(sums[3]);
    begin = end;
  }
  finish4(firstRow + 0u + ty * 4u + 0u, firstColumn + 0u + tx * 4u, totals[0]);
  finish4(firstRow + 0u + ty * 4u + 1u, firstColumn + 0u + tx * 4u, totals[1]);
  finish4(firstRow + 0u + ty * 4u + 2u, firstColumn + 0u + tx * 4u, totals[2]);
  finish4(firstRow + 0u + ty * 4u + 3u, firstColumn + 0u + tx * 4u, totals[3]);
}