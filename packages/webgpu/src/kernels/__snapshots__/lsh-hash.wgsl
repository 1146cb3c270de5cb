struct Params {
  groups: u32,
  blocks: u32,
  length: u32,
  heads: u32,
  headDim: u32,
  rounds: u32,
  width: u32,
  bucketCount: u32,
  xBatch: u32,
  xHead: u32,
  xToken: u32,
  rotationBatch: u32,
  rotationHead: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rotations: array<f32>;
@group(0) @binding(3) var<storage, read> factors: array<u32>;
@group(0) @binding(4) var<storage, read> mask: array<u32>;
@group(0) @binding(5) var<storage, read_write> buckets: array<u32>;

var<workgroup> tokens: array<f32, 576>;
var<workgroup> columns: array<vec4f, 32>;

const LEAST = i32(0x80000000u);

// The best scores of a factor: places and orders of the largest score and of the largest negative.
struct Best { at: u32, order: i32, atNegative: u32, orderNegative: i32 }

// Larger floats are larger integers. −∞ and NaN are the least: neither ever wins.
fn orderOf(bits: u32) -> i32 {
  let size = bits & 0x7fffffffu;
  if (size == 0u) { return 0; }
  if (size > 0x7f800000u || bits == 0xff800000u) { return LEAST; }
  return select(i32(bits), i32(bits ^ 0x7fffffffu), bits > 0x7fffffffu);
}

fn consider(best: Best, score: f32, at: u32) -> Best {
  var next = best;
  let bits = bitcast<u32>(score);
  let order = orderOf(bits);
  if (order > next.order) { next.at = at; next.order = order; }
  let negative = orderOf(bits ^ 0x80000000u);
  if (negative > next.orderNegative) { next.atNegative = at; next.orderNegative = negative; }
  return next;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.y * groups.x + id.x;
  if (group >= params.groups) { return; }
  let firstToken = (group % params.blocks) * 64u;
  let round = (group / params.blocks) % params.rounds;
  let member = group / params.blocks / params.rounds;
  let batch = member / params.heads;
  let head = member % params.heads;
  let xBase = batch * params.xBatch + head * params.xHead;
  let pitch = params.rounds * params.width;
  let rotation = batch * params.rotationBatch + head * params.rotationHead + round * params.width;

  var bucket = 0u;
  var unit = 1u;
  var factor = 0u;
  // Columns of the factors before this one, and half of this one.
  var before = 0u;
  var half = factors[0] / 2u;
  var best = Best(0u, LEAST, 0u, LEAST);
  for (var first = 0u; first < params.width; first += 16u) {
    var scores = array<vec4f, 4>();
    for (var start = 0u; start < params.headDim; start += 8u) {
      workgroupBarrier();
      for (var s = lane; s < 512u; s += 64u) {
        let token = firstToken + s / 8u;
        let d = start + s % 8u;
        var value = 0.0;
        if (token < params.length && d < params.headDim) { value = f32(x[xBase + token * params.xToken + d]); }
        tokens[(s / 8u) * 9u + s % 8u] = value;
      }
      for (var s = lane; s < 32u; s += 64u) {
        let d = start + s / 4u;
        var values = vec4f();
        for (var c = 0u; c < 4u; c++) {
          let column = first + (s % 4u) * 4u + c;
          if (column < params.width && d < params.headDim) { values[c] = f32(rotations[rotation + d * pitch + column]); }
        }
        columns[s] = values;
      }
      workgroupBarrier();
      for (var d = 0u; d < min(8u, params.headDim - start); d++) {
        let value = tokens[lane * 9u + d];
        scores[0] += value * columns[d * 4u + 0u];
        scores[1] += value * columns[d * 4u + 1u];
        scores[2] += value * columns[d * 4u + 2u];
        scores[3] += value * columns[d * 4u + 3u];
      }
    }
    for (var g = 0u; g < 4u; g++) {
      for (var c = 0u; c < 4u; c++) {
        let column = first + g * 4u + c;
        if (column >= params.width) { break; }
        let at = column - before;
        best = consider(best, scores[g][c], at);
        if (at + 1u == half) {
          // Of equal scores the first wins, and negatives come after.
          bucket += unit * select(best.at, half + best.atNegative, best.orderNegative > best.order);
          unit *= 2u * half;
          before += half;
          factor += 1u;
          half = factors[min(factor, arrayLength(&factors) - 1u)] / 2u;
          best = Best(0u, LEAST, 0u, LEAST);
        }
      }
    }
  }
  let token = firstToken + lane;
  if (token >= params.length) { return; }
  if (mask[batch * params.length + token] == 0u) { bucket = params.bucketCount; }
  buckets[(member * params.rounds + round) * params.length + token] = bucket;
}