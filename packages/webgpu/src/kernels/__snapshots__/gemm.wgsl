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
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> offsets: array<u32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn normalTail(size: f32) -> f32 {
  let a = size * 0.70710678118654752;
  let t = 1.0 / (1.0 + 0.5 * a);
  let p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806
    + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  return 0.5 * t * exp(-a * a + p);
}
fn activate(x: f32) -> f32 {
  if (x < -16.0) { return 0.0; }
  let tail = normalTail(abs(x));
  return x * select(tail, 1.0 - tail, x > 0.0);
}
var<workgroup> tileA: array<f32, 1088>;
var<workgroup> tileB: array<f32, 1088>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let product = params.first + group.z;
  let aAt = offsets[2u * product];
  let bAt = offsets[2u * product + 1u];
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
    for (var s = lane; s < 1024u; s += 256u) {
      let outer = s / 16u;
      let depth = s % 16u;
      var value = 0.0;
      if (firstColumn + outer < params.n && start + depth < params.k) {
        value = b[bAt + (firstColumn + outer) * params.bColumn + (start + depth) * params.bRow];
      }
      tileB[outer * 17u + depth] = value;
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
      if (column < params.n) { y[(product * params.m + row) * params.n + column] = activate(sums[i][j] + bias[column]); }
    }
  }
}