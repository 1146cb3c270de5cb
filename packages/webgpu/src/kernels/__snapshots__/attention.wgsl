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
  firstBlock: u32,
  splits: u32,
  splitOut: u32,
  splitStates: u32,
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
  qFirst: u32,
  kFirst: u32,
  vFirst: u32,
  outFirst: u32,
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

const LOWEST = -3.4028234663852886e38;
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
fn minusInfinity() -> f32 { return bitcast<f32>(0xff800000u | (params.headDim & 0u)); }
fn nan() -> f32 { return bitcast<f32>(0x7fc00000u | (params.headDim & 0u)); }
fn isOdd(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }
fn isNaN_(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn areOdd(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7f800000u)) == vec4u(0x7f800000u); }
fn anyOdd(x: vec4f) -> bool { return any(areOdd(x)); }
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
  if (isNaN_(x)) { return x; }
  // exp overflows beyond this, and tanh is 1 long before.
  let y = clamp(x / params.softcap, -20.0, 20.0);
  if (abs(y) < 0.1) {
    let z = y * y;
    return params.softcap * (y + y * z * (-0.33333333333 + z * (0.13333333333 + z * (-0.05396825397 + z * 0.0218694885))));
  }
  let e = exp(2.0 * abs(y));
  return params.softcap * sign(y) * (1.0 - 2.0 / (e + 1.0));
}
fn greatestOfRow(mine: vec4f, lane: u32, reach: u32) -> vec4f {
  var rows = mine;
  weights[lane] = rows;
  workgroupBarrier();
  let first = lane - lane % 16u;
  rows = weights[first];
  for (var x = reach; x < 16u; x += reach) { rows = max(rows, weights[first + x]); }
  workgroupBarrier();
  return rows;
}
fn sumOfRow(mine: vec4f, lane: u32, reach: u32) -> vec4f {
  var rows = mine;
  weights[lane] = rows;
  workgroupBarrier();
  let first = lane - lane % 16u;
  rows = weights[first];
  for (var x = reach; x < 16u; x += reach) { rows = rows + weights[first + x]; }
  workgroupBarrier();
  return rows;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  // Invocations that share a row and reduce without shared memory.
  let reach = 1u;
  let tx = lane % 16u;
  let ty = lane / 16u;
  let headVectors = (params.headDim + 3u) / 4u;
  let valueVectors = (params.valueDim + 3u) / 4u;
  let part = params.firstBlock + group.x;
  let firstQuery = part * 64u;
  let block = part / 1u;
  let firstRow = (part % 1u) * 64u;
  let member = plan[params.members + params.firstMember + group.y];
  let batch = member / params.heads;
  let head = member % params.heads;
  let kvHead = head / params.headsPerKv;
  let qBase = batch * params.qBatch + head * params.qHead - params.qFirst;
  let kBase = batch * params.kBatch + kvHead * params.kHead - params.kFirst;
  let vBase = batch * params.vBatch + kvHead * params.vHead - params.vFirst;
  let outBase = group.z * params.splitOut + batch * params.outBatch + head * params.outHead - params.outFirst;
  let stateBase = group.z * params.splitStates + member * params.queryLength;

  var greatest = vec4f(LOWEST);
  var total = vec4f();
  // Bit i: row i has no softmax.
  var nanRows = 0u;
  var sums: array<vec4f, 4>;
  // Where each of this invocation's rows stands in q.
  let queries = vec4u(queryRow(min(firstQuery + ty * 4u + 0u, params.queryCount - 1u)), queryRow(min(firstQuery + ty * 4u + 1u, params.queryCount - 1u)), queryRow(min(firstQuery + ty * 4u + 2u, params.queryCount - 1u)), queryRow(min(firstQuery + ty * 4u + 3u, params.queryCount - 1u)));

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
      // Key 4 a + j stands at 16 j + a, so that neighbours read neighbours.
      var logits = array<vec4f, 4>();
      for (var start = 0u; start < headVectors; start += 4u) {
        workgroupBarrier();
        for (var s = lane; s < 256u; s += 256u) {
          let row = s / 4u;
          let vector = start + s % 4u;
          // Rows behind the last are computed from the last and go nowhere.
          let query = queryRow(min(firstQuery + row, params.queryCount - 1u));
          let value = load_q(qBase + query * params.qToken, min(vector, headVectors - 1u));
          stage[row * 5u + s % 4u] = select(vec4f(), value, vector < headVectors);
        }
        for (var s = lane; s < 256u; s += 256u) {
          let key = s / 4u;
          let vector = start + s % 4u;
          let value = load_k(kBase + keyRow(tile * 64u + key) * params.kToken, min(vector, headVectors - 1u));
          stage[(64u + (key % 4u) * 16u + key / 4u) * 5u + s % 4u] = select(vec4f(), value, vector < headVectors);
        }
        workgroupBarrier();
        for (var d = 0u; d < 4u; d++) {
          let key0 = stage[(64u + tx) * 5u + d];
          let key1 = stage[(80u + tx) * 5u + d];
          let key2 = stage[(96u + tx) * 5u + d];
          let key3 = stage[(112u + tx) * 5u + d];
          // Sums of products in a row, each of which becomes one multiply–add.
          let keys0 = vec4f(key0[0], key1[0], key2[0], key3[0]);
          let keys1 = vec4f(key0[1], key1[1], key2[1], key3[1]);
          let keys2 = vec4f(key0[2], key1[2], key2[2], key3[2]);
          let keys3 = vec4f(key0[3], key1[3], key2[3], key3[3]);
{
          let query = stage[(ty * 4u + 0u) * 5u + d];
          logits[0] += query[0] * keys0;
          logits[0] += query[1] * keys1;
          logits[0] += query[2] * keys2;
          logits[0] += query[3] * keys3;
}
{
          let query = stage[(ty * 4u + 1u) * 5u + d];
          logits[1] += query[0] * keys0;
          logits[1] += query[1] * keys1;
          logits[1] += query[2] * keys2;
          logits[1] += query[3] * keys3;
}
{
          let query = stage[(ty * 4u + 2u) * 5u + d];
          logits[2] += query[0] * keys0;
          logits[2] += query[1] * keys1;
          logits[2] += query[2] * keys2;
          logits[2] += query[3] * keys3;
}
{
          let query = stage[(ty * 4u + 3u) * 5u + d];
          logits[3] += query[0] * keys0;
          logits[3] += query[1] * keys1;
          logits[3] += query[2] * keys2;
          logits[3] += query[3] * keys3;
}
        }
      }

      // What is hidden is −∞, whatever it was.
      var tileGreatest = vec4f(LOWEST);
{
        var row = logits[0] * params.scale;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 4u + 0u) * 2u + tx / 8u];
          bits = (word >> ((tx * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 1u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[0] = row;
        tileGreatest[0] = max(tileGreatest[0], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[1] * params.scale;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 4u + 1u) * 2u + tx / 8u];
          bits = (word >> ((tx * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 2u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[1] = row;
        tileGreatest[1] = max(tileGreatest[1], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[2] * params.scale;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 4u + 2u) * 2u + tx / 8u];
          bits = (word >> ((tx * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 4u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[2] = row;
        tileGreatest[2] = max(tileGreatest[2], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[3] * params.scale;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 4u + 3u) * 2u + tx / 8u];
          bits = (word >> ((tx * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 8u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[3] = row;
        tileGreatest[3] = max(tileGreatest[3], max(max(row.x, row.y), max(row.z, row.w)));
}
      let next = max(greatestOfRow(tileGreatest, lane, reach), greatest);
      // Never 0, so that what is infinite stays so.
      let shrink = max(exp(greatest - next), vec4f(LEAST));
      greatest = next;
      total *= shrink;
{
        sums[0] *= shrink[0];
        let seen = max(exp(logits[0] - greatest[0]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logits[0]));
        total[0] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 4u + 0u) * 16u + tx] = weight;
}
{
        sums[1] *= shrink[1];
        let seen = max(exp(logits[1] - greatest[1]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logits[1]));
        total[1] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 4u + 1u) * 16u + tx] = weight;
}
{
        sums[2] *= shrink[2];
        let seen = max(exp(logits[2] - greatest[2]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logits[2]));
        total[2] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 4u + 2u) * 16u + tx] = weight;
}
{
        sums[3] *= shrink[3];
        let seen = max(exp(logits[3] - greatest[3]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logits[3]));
        total[3] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 4u + 3u) * 16u + tx] = weight;
}

      // The weighted sum of the values.
      for (var start = 0u; start < 64u; start += 32u) {
        workgroupBarrier();
        for (var s = lane; s < 512u; s += 256u) {
          // Columns behind the last are computed from the last and go nowhere.
          let vector = min(s % 16u, valueVectors - 1u);
          let value = load_v(vBase + keyRow(tile * 64u + start + s / 16u) * params.vToken, vector);
          stage[s] = value;
          if (anyOdd(value)) { atomicStore(&oddValues, 1u); }
        }
        workgroupBarrier();
        // Once there were any, all that follow are looked at.
        let mayBeOdd = atomicLoad(&oddValues) != 0u;
        for (var key = 0u; key < 8u; key++) {
          let weight0 = weights[(ty * 4u + 0u) * 16u + start / 4u + key];
          let weight1 = weights[(ty * 4u + 1u) * 16u + start / 4u + key];
          let weight2 = weights[(ty * 4u + 2u) * 16u + start / 4u + key];
          let weight3 = weights[(ty * 4u + 3u) * 16u + start / 4u + key];
{
          let value0 = stage[key * 64u + tx + 0u];
          let value1 = stage[key * 64u + tx + 16u];
          let value2 = stage[key * 64u + tx + 32u];
          let value3 = stage[key * 64u + tx + 48u];
          if (mayBeOdd) {
            if (weight0[0] > 0.0) { sums[0] += weight0[0] * value0; }
            if (weight0[1] > 0.0) { sums[0] += weight0[1] * value1; }
            if (weight0[2] > 0.0) { sums[0] += weight0[2] * value2; }
            if (weight0[3] > 0.0) { sums[0] += weight0[3] * value3; }
            if (weight1[0] > 0.0) { sums[1] += weight1[0] * value0; }
            if (weight1[1] > 0.0) { sums[1] += weight1[1] * value1; }
            if (weight1[2] > 0.0) { sums[1] += weight1[2] * value2; }
            if (weight1[3] > 0.0) { sums[1] += weight1[3] * value3; }
            if (weight2[0] > 0.0) { sums[2] += weight2[0] * value0; }
            if (weight2[1] > 0.0) { sums[2] += weight2[1] * value1; }
            if (weight2[2] > 0.0) { sums[2] += weight2[2] * value2; }
            if (weight2[3] > 0.0) { sums[2] += weight2[3] * value3; }
            if (weight3[0] > 0.0) { sums[3] += weight3[0] * value0; }
            if (weight3[1] > 0.0) { sums[3] += weight3[1] * value1; }
            if (weight3[2] > 0.0) { sums[3] += weight3[2] * value2; }
            if (weight3[3] > 0.0) { sums[3] += weight3[3] * value3; }
          } else {
            sums[0] += weight0[0] * value0;
            sums[0] += weight0[1] * value1;
            sums[0] += weight0[2] * value2;
            sums[0] += weight0[3] * value3;
            sums[1] += weight1[0] * value0;
            sums[1] += weight1[1] * value1;
            sums[1] += weight1[2] * value2;
            sums[1] += weight1[3] * value3;
            sums[2] += weight2[0] * value0;
            sums[2] += weight2[1] * value1;
            sums[2] += weight2[2] * value2;
            sums[2] += weight2[3] * value3;
            sums[3] += weight3[0] * value0;
            sums[3] += weight3[1] * value1;
            sums[3] += weight3[2] * value2;
            sums[3] += weight3[3] * value3;
          }
}
        }
      }
      workgroupBarrier();
    }
  }

  total = sumOfRow(total, lane, reach);
  // Whether anyone found a NaN: 1 for each.
  let findings = sumOfRow(vec4f(f32((nanRows >> 0u) & 1u), f32((nanRows >> 1u) & 1u), f32((nanRows >> 2u) & 1u), f32((nanRows >> 3u) & 1u)), lane, reach);
{
  if (firstQuery + ty * 4u + 0u < params.queryCount) {
    let at = outBase + queries[0] * params.outToken;
    let isNaNRow = findings[0] > 0.0;
    let isEmpty = total[0] == 0.0;
    let divisor = select(total[0], 1.0, isEmpty);
{
    var row = sums[0] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
    if (tx == 0u) {
      var value = greatest[0] + log(divisor);
      if (isEmpty) { value = minusInfinity(); }
      if (isNaNRow) { value = nan(); }
      lse[stateBase + queries[0]] = value;
    }
  }
}
{
  if (firstQuery + ty * 4u + 1u < params.queryCount) {
    let at = outBase + queries[1] * params.outToken;
    let isNaNRow = findings[1] > 0.0;
    let isEmpty = total[1] == 0.0;
    let divisor = select(total[1], 1.0, isEmpty);
{
    var row = sums[1] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
    if (tx == 0u) {
      var value = greatest[1] + log(divisor);
      if (isEmpty) { value = minusInfinity(); }
      if (isNaNRow) { value = nan(); }
      lse[stateBase + queries[1]] = value;
    }
  }
}
{
  if (firstQuery + ty * 4u + 2u < params.queryCount) {
    let at = outBase + queries[2] * params.outToken;
    let isNaNRow = findings[2] > 0.0;
    let isEmpty = total[2] == 0.0;
    let divisor = select(total[2], 1.0, isEmpty);
{
    var row = sums[2] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
    if (tx == 0u) {
      var value = greatest[2] + log(divisor);
      if (isEmpty) { value = minusInfinity(); }
      if (isNaNRow) { value = nan(); }
      lse[stateBase + queries[2]] = value;
    }
  }
}
{
  if (firstQuery + ty * 4u + 3u < params.queryCount) {
    let at = outBase + queries[3] * params.outToken;
    let isNaNRow = findings[3] > 0.0;
    let isEmpty = total[3] == 0.0;
    let divisor = select(total[3], 1.0, isEmpty);
{
    var row = sums[3] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
    if (tx == 0u) {
      var value = greatest[3] + log(divisor);
      if (isEmpty) { value = minusInfinity(); }
      if (isNaNRow) { value = nan(); }
      lse[stateBase + queries[3]] = value;
    }
  }
}
}