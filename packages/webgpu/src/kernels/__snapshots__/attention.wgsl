struct Params {
  headDim: u32,
  valueDim: u32,
  queryCount: u32,
  keyCount: u32,
  queryLength: u32,
  keyLength: u32,
  heads: u32,
  headsPerKv: u32,
  queryOffset: i32,
  hasQueryIndex: u32,
  hasKeyIndex: u32,
  members: u32,
  queryIndex: u32,
  keyIndex: u32,
  rowStart: u32,
  spanColumn: u32,
  spanTiles: u32,
  spanMask: u32,
  masks: u32,
  firstMember: u32,
  splits: u32,
  splitOut: u32,
  splitLse: u32,
  qBatch: u32,
  qHead: u32,
  qToken: u32,
  kBatch: u32,
  kHead: u32,
  kToken: u32,
  vBatch: u32,
  vHead: u32,
  vToken: u32,
  outBatch: u32,
  outHead: u32,
  outToken: u32,
  scale: f32,
  softcap: f32,
  slopeBatch: u32,
  radius: i32,
  biasBatch: u32,
  biasHead: u32,
  biasQuery: u32,
  biasKey: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> plan: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

const LOWEST = -3.4028234e38;
const LEAST = 1.2e-38;

var<workgroup> weights: array<vec4f, 1024>;
var<workgroup> stage: array<vec4f, 640>;
var<workgroup> oddValues: atomic<u32>;


fn load_q(row: u32, vector: u32) -> vec4f {
  return vec4f(q[row / 4u + vector]);
}

fn load_k(row: u32, vector: u32) -> vec4f {
  return vec4f(k[row / 4u + vector]);
}

fn load_v(row: u32, vector: u32) -> vec4f {
  return vec4f(v[row / 4u + vector]);
}

// In functions, because constants may not be infinite or NaN.
fn minusInfinity() -> f32 { return bitcast<f32>(0xff800000u | (params.keyCount & 0u)); }
fn nan() -> f32 { return bitcast<f32>(0x7fc00000u | (params.keyCount & 0u)); }
fn isOdd(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }
fn isNaN_(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn anyOdd(x: vec4f) -> bool { return isOdd(x.x) || isOdd(x.y) || isOdd(x.z) || isOdd(x.w); }
fn queryRow(index: u32) -> u32 {
  if (params.hasQueryIndex == 0u) { return index; }
  return plan[params.queryIndex + index];
}
fn keyRow(index: u32) -> u32 {
  let bounded = min(index, params.keyCount - 1u);
  if (params.hasKeyIndex == 0u) { return bounded; }
  return plan[params.keyIndex + bounded];
}
fn capped(x: f32) -> f32 {
  if (params.softcap == 0.0 || isNaN_(x)) { return x; }
  // exp overflows beyond this, and tanh is 1 long before.
  let y = clamp(x / params.softcap, -20.0, 20.0);
  if (abs(y) < 0.1) {
    let z = y * y;
    return params.softcap * (y + y * z * (-0.33333333333 + z * (0.13333333333 + z * (-0.05396825397 + z * 0.0218694885))));
  }
  let e = exp(2.0 * abs(y));
  return params.softcap * sign(y) * (1.0 - 2.0 / (e + 1.0));
}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % 16u;
  let ty = lane / 16u;
  let headVectors = (params.headDim + 3u) / 4u;
  let valueVectors = (params.valueDim + 3u) / 4u;
  let block = group.x / 1u;
  let firstQuery = group.x * 64u;
  let firstRow = (group.x % 1u) * 64u;
  let member = plan[params.members + params.firstMember + group.y];
  let batch = member / params.heads;
  let head = member % params.heads;
  let kvHead = head / params.headsPerKv;
  let qBase = batch * params.qBatch + head * params.qHead;
  let kBase = batch * params.kBatch + kvHead * params.kHead;
  let vBase = batch * params.vBatch + kvHead * params.vHead;

  var greatest = vec4f(LOWEST);
  var total = vec4f();
  var rowIsNaN = vec4<bool>();
  var sums: array<vec4f, 4>;
  // Where each of this invocation's rows stands in q.
  var queries = vec4u();
  for (var i = 0u; i < 4u; i++) { queries[i] = queryRow(min(firstQuery + ty * 4u + i, params.queryCount - 1u)); }

  let firstSpan = plan[params.rowStart + block];
  let lastSpan = plan[params.rowStart + block + 1u];
  // The tiles of this split, counted over all spans.
  var tilesOfBlock = 0u;
  if (params.splits > 1u) {
    for (var span = firstSpan; span < lastSpan; span++) { tilesOfBlock += plan[params.spanTiles + span]; }
  }
  let share = select(0xffffffffu, (tilesOfBlock + params.splits - 1u) / params.splits, params.splits > 1u);
  let begin = select(0u, group.z * share, params.splits > 1u);
  let end = select(0xffffffffu, begin + share, params.splits > 1u);
  var tilesBefore = 0u;
  for (var span = firstSpan; span < lastSpan; span++) {
    let firstTile = plan[params.spanColumn + span] - tilesBefore;
    let tilesAfter = tilesBefore + plan[params.spanTiles + span];
    let maskId = bitcast<i32>(plan[params.spanMask + span]);
    let lastTile = firstTile + clamp(end, tilesBefore, tilesAfter);
    let startTile = firstTile + clamp(begin, tilesBefore, tilesAfter);
    tilesBefore = tilesAfter;
    for (var tile = startTile; tile < lastTile; tile++) {
      // Logits: 4 rows by keys 4 tx … 4 tx + 3. Key 4 a + j stands at 16 j + a, so that neighbours read neighbours.
      var logits = array<vec4f, 4>();
      for (var start = 0u; start < headVectors; start += 4u) {
        workgroupBarrier();
        for (var s = lane; s < 256u; s += 256u) {
          let row = s / 4u;
          let vector = start + s % 4u;
          var value = vec4f();
          if (firstQuery + row < params.queryCount && vector < headVectors) {
            value = load_q(qBase + queryRow(firstQuery + row) * params.qToken, vector);
          }
          stage[row * 5u + s % 4u] = value;
        }
        for (var s = lane; s < 256u; s += 256u) {
          let key = s / 4u;
          let vector = start + s % 4u;
          var value = vec4f();
          if (vector < headVectors) { value = load_k(kBase + keyRow(tile * 64u + key) * params.kToken, vector); }
          stage[(64u + (key % 4u) * 16u + key / 4u) * 5u + s % 4u] = value;
        }
        workgroupBarrier();
        for (var d = 0u; d < 4u; d++) {
          let key0 = stage[(64u + 0u + tx) * 5u + d];
          let key1 = stage[(64u + 16u + tx) * 5u + d];
          let key2 = stage[(64u + 32u + tx) * 5u + d];
          let key3 = stage[(64u + 48u + tx) * 5u + d];
{
          let query = stage[(ty * 4u + 0u) * 5u + d];
          logits[0u] += vec4f(dot(query, key0), dot(query, key1), dot(query, key2), dot(query, key3));
}
{
          let query = stage[(ty * 4u + 1u) * 5u + d];
          logits[1u] += vec4f(dot(query, key0), dot(query, key1), dot(query, key2), dot(query, key3));
}
{
          let query = stage[(ty * 4u + 2u) * 5u + d];
          logits[2u] += vec4f(dot(query, key0), dot(query, key1), dot(query, key2), dot(query, key3));
}
{
          let query = stage[(ty * 4u + 3u) * 5u + d];
          logits[3u] += vec4f(dot(query, key0), dot(query, key1), dot(query, key2), dot(query, key3));
}
        }
      }

      // What is hidden is −∞, whatever it was.
      var tileGreatest = vec4f(LOWEST);
{
        var row = logits[0u] * params.scale;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 4u + 0u) * 2u + tx / 8u];
          bits = (word >> ((tx * 4u) % 32u)) & 15u;
        }
        for (var j = 0u; j < 4u; j++) {
          var value = row[j];
          value = capped(value);
          let isSeen = ((bits >> j) & 1u) == 1u;
          // A logit of ∞ has no softmax either.
          if (isSeen && isOdd(value) && bitcast<u32>(value) != 0xff800000u) { rowIsNaN[0u] = true; }
          if (!isSeen || isOdd(value)) { value = minusInfinity(); }
          row[j] = value;
          if (value > tileGreatest[0u]) { tileGreatest[0u] = value; }
        }
        logits[0u] = row;
}
{
        var row = logits[1u] * params.scale;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 4u + 1u) * 2u + tx / 8u];
          bits = (word >> ((tx * 4u) % 32u)) & 15u;
        }
        for (var j = 0u; j < 4u; j++) {
          var value = row[j];
          value = capped(value);
          let isSeen = ((bits >> j) & 1u) == 1u;
          // A logit of ∞ has no softmax either.
          if (isSeen && isOdd(value) && bitcast<u32>(value) != 0xff800000u) { rowIsNaN[1u] = true; }
          if (!isSeen || isOdd(value)) { value = minusInfinity(); }
          row[j] = value;
          if (value > tileGreatest[1u]) { tileGreatest[1u] = value; }
        }
        logits[1u] = row;
}
{
        var row = logits[2u] * params.scale;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 4u + 2u) * 2u + tx / 8u];
          bits = (word >> ((tx * 4u) % 32u)) & 15u;
        }
        for (var j = 0u; j < 4u; j++) {
          var value = row[j];
          value = capped(value);
          let isSeen = ((bits >> j) & 1u) == 1u;
          // A logit of ∞ has no softmax either.
          if (isSeen && isOdd(value) && bitcast<u32>(value) != 0xff800000u) { rowIsNaN[2u] = true; }
          if (!isSeen || isOdd(value)) { value = minusInfinity(); }
          row[j] = value;
          if (value > tileGreatest[2u]) { tileGreatest[2u] = value; }
        }
        logits[2u] = row;
}
{
        var row = logits[3u] * params.scale;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 4u + 3u) * 2u + tx / 8u];
          bits = (word >> ((tx * 4u) % 32u)) & 15u;
        }
        for (var j = 0u; j < 4u; j++) {
          var value = row[j];
          value = capped(value);
          let isSeen = ((bits >> j) & 1u) == 1u;
          // A logit of ∞ has no softmax either.
          if (isSeen && isOdd(value) && bitcast<u32>(value) != 0xff800000u) { rowIsNaN[3u] = true; }
          if (!isSeen || isOdd(value)) { value = minusInfinity(); }
          row[j] = value;
          if (value > tileGreatest[3u]) { tileGreatest[3u] = value; }
        }
        logits[3u] = row;
}
      weights[lane] = tileGreatest;
      workgroupBarrier();
      for (var x = 0u; x < 16u; x++) { tileGreatest = max(tileGreatest, weights[ty * 16u + x]); }
      tileGreatest = max(tileGreatest, greatest);
      // Never 0, so that what is infinite stays so.
      let shrink = max(exp(greatest - tileGreatest), vec4f(LEAST));
      greatest = tileGreatest;
      total *= shrink;
      workgroupBarrier();
{
        for (var g = 0u; g < 1u; g++) { sums[0u * 1u + g] *= shrink[0u]; }
        var weight = max(exp(logits[0u] - greatest[0u]), vec4f(LEAST));
        for (var j = 0u; j < 4u; j++) { if (isOdd(logits[0u][j])) { weight[j] = 0.0; } }
        total[0u] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 4u + 0u) * 16u + tx] = weight;
}
{
        for (var g = 0u; g < 1u; g++) { sums[1u * 1u + g] *= shrink[1u]; }
        var weight = max(exp(logits[1u] - greatest[1u]), vec4f(LEAST));
        for (var j = 0u; j < 4u; j++) { if (isOdd(logits[1u][j])) { weight[j] = 0.0; } }
        total[1u] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 4u + 1u) * 16u + tx] = weight;
}
{
        for (var g = 0u; g < 1u; g++) { sums[2u * 1u + g] *= shrink[2u]; }
        var weight = max(exp(logits[2u] - greatest[2u]), vec4f(LEAST));
        for (var j = 0u; j < 4u; j++) { if (isOdd(logits[2u][j])) { weight[j] = 0.0; } }
        total[2u] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 4u + 2u) * 16u + tx] = weight;
}
{
        for (var g = 0u; g < 1u; g++) { sums[3u * 1u + g] *= shrink[3u]; }
        var weight = max(exp(logits[3u] - greatest[3u]), vec4f(LEAST));
        for (var j = 0u; j < 4u; j++) { if (isOdd(logits[3u][j])) { weight[j] = 0.0; } }
        total[3u] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 4u + 3u) * 16u + tx] = weight;
}

      // The weighted sum of the values.
      for (var start = 0u; start < 64u; start += 8u) {
        workgroupBarrier();
        if (lane == 0u) { atomicStore(&oddValues, 0u); }
        workgroupBarrier();
        for (var s = lane; s < 8u * valueVectors; s += 256u) {
          let value = load_v(vBase + keyRow(tile * 64u + start + s / valueVectors) * params.vToken, s % valueVectors);
          stage[s] = value;
          if (anyOdd(value)) { atomicStore(&oddValues, 1u); }
        }
        workgroupBarrier();
        let areOdd = atomicLoad(&oddValues) != 0u;
        for (var key = 0u; key < 2u; key++) {
{
          let column = tx + 16u * 0u;
          let value0 = stage[min((key * 4u + 0u) * valueVectors + column, 639u)];
          let value1 = stage[min((key * 4u + 1u) * valueVectors + column, 639u)];
          let value2 = stage[min((key * 4u + 2u) * valueVectors + column, 639u)];
          let value3 = stage[min((key * 4u + 3u) * valueVectors + column, 639u)];
{
            let weight = weights[(ty * 4u + 0u) * 16u + start / 4u + key];
            let at = 0u * 1u + 0u;
            if (areOdd) {
              if (weight[0] > 0.0) { sums[at] += weight[0] * value0; }
              if (weight[1] > 0.0) { sums[at] += weight[1] * value1; }
              if (weight[2] > 0.0) { sums[at] += weight[2] * value2; }
              if (weight[3] > 0.0) { sums[at] += weight[3] * value3; }
            } else {
              sums[at] += weight[0] * value0 + weight[1] * value1 + weight[2] * value2 + weight[3] * value3;
            }
}
{
            let weight = weights[(ty * 4u + 1u) * 16u + start / 4u + key];
            let at = 1u * 1u + 0u;
            if (areOdd) {
              if (weight[0] > 0.0) { sums[at] += weight[0] * value0; }
              if (weight[1] > 0.0) { sums[at] += weight[1] * value1; }
              if (weight[2] > 0.0) { sums[at] += weight[2] * value2; }
              if (weight[3] > 0.0) { sums[at] += weight[3] * value3; }
            } else {
              sums[at] += weight[0] * value0 + weight[1] * value1 + weight[2] * value2 + weight[3] * value3;
            }
}
{
            let weight = weights[(ty * 4u + 2u) * 16u + start / 4u + key];
            let at = 2u * 1u + 0u;
            if (areOdd) {
              if (weight[0] > 0.0) { sums[at] += weight[0] * value0; }
              if (weight[1] > 0.0) { sums[at] += weight[1] * value1; }
              if (weight[2] > 0.0) { sums[at] += weight[2] * value2; }
              if (weight[3] > 0.0) { sums[at] += weight[3] * value3; }
            } else {
              sums[at] += weight[0] * value0 + weight[1] * value1 + weight[2] * value2 + weight[3] * value3;
            }
}
{
            let weight = weights[(ty * 4u + 3u) * 16u + start / 4u + key];
            let at = 3u * 1u + 0u;
            if (areOdd) {
              if (weight[0] > 0.0) { sums[at] += weight[0] * value0; }
              if (weight[1] > 0.0) { sums[at] += weight[1] * value1; }
              if (weight[2] > 0.0) { sums[at] += weight[2] * value2; }
              if (weight[3] > 0.0) { sums[at] += weight[3] * value3; }
            } else {
              sums[at] += weight[0] * value0 + weight[1] * value1 + weight[2] * value2 + weight[3] * value3;
            }
}
}
        }
      }
      workgroupBarrier();
    }
  }

  // All rows' totals, and whether anyone found a NaN: 1 for each in a second pass.
  weights[lane] = total;
  workgroupBarrier();
  total = vec4f();
  for (var x = 0u; x < 16u; x++) { total += weights[ty * 16u + x]; }
  workgroupBarrier();
  weights[lane] = select(vec4f(), vec4f(1.0), rowIsNaN);
  workgroupBarrier();
  var findings = vec4f();
  for (var x = 0u; x < 16u; x++) { findings += weights[ty * 16u + x]; }
  for (var i = 0u; i < 4u; i++) {
    if (firstQuery + ty * 4u + i >= params.queryCount) { break; }
    let at = group.z * params.splitOut + batch * params.outBatch + head * params.outHead + queries[i] * params.outToken;
    let isNaNRow = findings[i] > 0.0;
    let isEmpty = total[i] == 0.0;
    let divisor = select(total[i], 1.0, isEmpty);
    for (var g = 0u; g < 1u; g++) {
      var row = sums[i * 1u + g] / divisor;
      if (isNaNRow) { row = vec4f(nan()); }
      for (var c = 0u; c < 4u; c++) {
        let column = (tx + 16u * g) * 4u + c;
        if (column < params.valueDim) { out[at + column] = row[c]; }
      }
    }
    if (tx == 0u) {
      var value = greatest[i] + log(divisor);
      if (isEmpty) { value = minusInfinity(); }
      if (isNaNRow) { value = nan(); }
      lse[group.z * params.splitLse + (batch * params.heads + head) * params.queryLength + queries[i]] = value;
    }
  }
}