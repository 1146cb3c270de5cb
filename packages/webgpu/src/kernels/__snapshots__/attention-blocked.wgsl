enable subgroups;
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
alias Rows = array<vec4f, 2>;
fn rowsOf(value: f32) -> Rows { return Rows(vec4f(value), vec4f(value)); }

var<workgroup> reachOfAll: atomic<u32>;
fn subgroupReach(lane: u32, size: u32, id: u32) -> u32 {
  let first = subgroupBroadcastFirst(lane / size);
  let isElsewhere = id != lane % size || first != lane / size;
  if (lane == 0u) { atomicStore(&reachOfAll, size); }
  workgroupBarrier();
  if (isElsewhere) { atomicStore(&reachOfAll, 1u); }
  return workgroupUniformLoad(&reachOfAll);
}
fn greatestOfRow(mine: Rows, lane: u32, reach: u32) -> Rows {
  var rows = mine;
  if (reach > 1u) {
    rows[0] = max(rows[0], subgroupShuffleXor(rows[0], 1u));
    rows[1] = max(rows[1], subgroupShuffleXor(rows[1], 1u));
  }
  if (reach > 2u) {
    rows[0] = max(rows[0], subgroupShuffleXor(rows[0], 2u));
    rows[1] = max(rows[1], subgroupShuffleXor(rows[1], 2u));
  }
  if (reach > 4u) {
    rows[0] = max(rows[0], subgroupShuffleXor(rows[0], 4u));
    rows[1] = max(rows[1], subgroupShuffleXor(rows[1], 4u));
  }
  if (reach >= 8u) { return rows; }
  weights[lane + 0u] = rows[0];
  weights[lane + 64u] = rows[1];
  workgroupBarrier();
  let first = lane - lane % 8u;
  rows[0] = weights[first + 0u];
  rows[1] = weights[first + 64u];
  for (var x = reach; x < 8u; x += reach) {
    rows[0] = max(rows[0], weights[first + x + 0u]);
    rows[1] = max(rows[1], weights[first + x + 64u]);
  }
  workgroupBarrier();
  return rows;
}
fn sumOfRow(mine: Rows, lane: u32, reach: u32) -> Rows {
  var rows = mine;
  if (reach > 1u) {
    rows[0] = rows[0] + subgroupShuffleXor(rows[0], 1u);
    rows[1] = rows[1] + subgroupShuffleXor(rows[1], 1u);
  }
  if (reach > 2u) {
    rows[0] = rows[0] + subgroupShuffleXor(rows[0], 2u);
    rows[1] = rows[1] + subgroupShuffleXor(rows[1], 2u);
  }
  if (reach > 4u) {
    rows[0] = rows[0] + subgroupShuffleXor(rows[0], 4u);
    rows[1] = rows[1] + subgroupShuffleXor(rows[1], 4u);
  }
  if (reach >= 8u) { return rows; }
  weights[lane + 0u] = rows[0];
  weights[lane + 64u] = rows[1];
  workgroupBarrier();
  let first = lane - lane % 8u;
  rows[0] = weights[first + 0u];
  rows[1] = weights[first + 64u];
  for (var x = reach; x < 8u; x += reach) {
    rows[0] = rows[0] + weights[first + x + 0u];
    rows[1] = rows[1] + weights[first + x + 64u];
  }
  workgroupBarrier();
  return rows;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32, @builtin(subgroup_size) subgroupSize: u32, @builtin(subgroup_invocation_id) subgroupLane: u32) {
  // Invocations that share a row and reduce without shared memory.
  let reach = subgroupReach(lane, subgroupSize, subgroupLane);
  let tx = lane % 8u;
  let ty = lane / 8u;
  let headVectors = (params.headDim + 3u) / 4u;
  let valueVectors = (params.valueDim + 3u) / 4u;
  let firstQuery = group.x * 64u;
  let block = group.x / 1u;
  let firstRow = (group.x % 1u) * 64u;
  let member = plan[params.members + params.firstMember + group.y];
  let batch = member / params.heads;
  let head = member % params.heads;
  let kvHead = head / params.headsPerKv;
  let qBase = batch * params.qBatch + head * params.qHead - params.qFirst;
  let kBase = batch * params.kBatch + kvHead * params.kHead - params.kFirst;
  let vBase = batch * params.vBatch + kvHead * params.vHead - params.vFirst;
  let outBase = group.z * params.splitOut + batch * params.outBatch + head * params.outHead - params.outFirst;
  let lseBase = group.z * params.splitLse + member * params.queryLength;

  var greatest = rowsOf(LOWEST);
  var total = rowsOf(0.0);
  // Bit i: row i has no softmax.
  var nanRows = 0u;
  var sums: array<vec4f, 16>;
  // Where each of this invocation's rows stands in q.
  var queries: array<u32, 8>;
  queries[0] = queryRow(min(firstQuery + ty * 8u + 0u, params.queryCount - 1u));
  queries[1] = queryRow(min(firstQuery + ty * 8u + 1u, params.queryCount - 1u));
  queries[2] = queryRow(min(firstQuery + ty * 8u + 2u, params.queryCount - 1u));
  queries[3] = queryRow(min(firstQuery + ty * 8u + 3u, params.queryCount - 1u));
  queries[4] = queryRow(min(firstQuery + ty * 8u + 4u, params.queryCount - 1u));
  queries[5] = queryRow(min(firstQuery + ty * 8u + 5u, params.queryCount - 1u));
  queries[6] = queryRow(min(firstQuery + ty * 8u + 6u, params.queryCount - 1u));
  queries[7] = queryRow(min(firstQuery + ty * 8u + 7u, params.queryCount - 1u));

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
      var logits = array<vec4f, 16>();
      for (var start = 0u; start < headVectors; start += 4u) {
        workgroupBarrier();
        for (var s = lane; s < 256u; s += 64u) {
          let row = s / 4u;
          let vector = start + s % 4u;
          // Rows behind the last are computed from the last and go nowhere.
          let query = queryRow(min(firstQuery + row, params.queryCount - 1u));
          let value = load_q(qBase + query * params.qToken, min(vector, headVectors - 1u));
          stage[row * 5u + s % 4u] = select(vec4f(), value, vector < headVectors);
        }
        for (var s = lane; s < 256u; s += 64u) {
          let key = s / 4u;
          let vector = start + s % 4u;
          let value = load_k(kBase + keyRow(tile * 64u + key) * params.kToken, min(vector, headVectors - 1u));
          stage[(64u + (key % 4u) * 16u + key / 4u) * 5u + s % 4u] = select(vec4f(), value, vector < headVectors);
        }
        workgroupBarrier();
        for (var d = 0u; d < 4u; d++) {
          let key00 = stage[(64u + tx) * 5u + d];
          let key01 = stage[(80u + tx) * 5u + d];
          let key02 = stage[(96u + tx) * 5u + d];
          let key03 = stage[(112u + tx) * 5u + d];
          let keys00 = vec4f(key00[0], key01[0], key02[0], key03[0]);
          let keys01 = vec4f(key00[1], key01[1], key02[1], key03[1]);
          let keys02 = vec4f(key00[2], key01[2], key02[2], key03[2]);
          let keys03 = vec4f(key00[3], key01[3], key02[3], key03[3]);
          let key10 = stage[(72u + tx) * 5u + d];
          let key11 = stage[(88u + tx) * 5u + d];
          let key12 = stage[(104u + tx) * 5u + d];
          let key13 = stage[(120u + tx) * 5u + d];
          let keys10 = vec4f(key10[0], key11[0], key12[0], key13[0]);
          let keys11 = vec4f(key10[1], key11[1], key12[1], key13[1]);
          let keys12 = vec4f(key10[2], key11[2], key12[2], key13[2]);
          let keys13 = vec4f(key10[3], key11[3], key12[3], key13[3]);
{
          let query = stage[(ty * 8u + 0u) * 5u + d];
          logits[0] += query[0] * keys00;
          logits[0] += query[1] * keys01;
          logits[0] += query[2] * keys02;
          logits[0] += query[3] * keys03;
          logits[1] += query[0] * keys10;
          logits[1] += query[1] * keys11;
          logits[1] += query[2] * keys12;
          logits[1] += query[3] * keys13;
}
{
          let query = stage[(ty * 8u + 1u) * 5u + d];
          logits[2] += query[0] * keys00;
          logits[2] += query[1] * keys01;
          logits[2] += query[2] * keys02;
          logits[2] += query[3] * keys03;
          logits[3] += query[0] * keys10;
          logits[3] += query[1] * keys11;
          logits[3] += query[2] * keys12;
          logits[3] += query[3] * keys13;
}
{
          let query = stage[(ty * 8u + 2u) * 5u + d];
          logits[4] += query[0] * keys00;
          logits[4] += query[1] * keys01;
          logits[4] += query[2] * keys02;
          logits[4] += query[3] * keys03;
          logits[5] += query[0] * keys10;
          logits[5] += query[1] * keys11;
          logits[5] += query[2] * keys12;
          logits[5] += query[3] * keys13;
}
{
          let query = stage[(ty * 8u + 3u) * 5u + d];
          logits[6] += query[0] * keys00;
          logits[6] += query[1] * keys01;
          logits[6] += query[2] * keys02;
          logits[6] += query[3] * keys03;
          logits[7] += query[0] * keys10;
          logits[7] += query[1] * keys11;
          logits[7] += query[2] * keys12;
          logits[7] += query[3] * keys13;
}
{
          let query = stage[(ty * 8u + 4u) * 5u + d];
          logits[8] += query[0] * keys00;
          logits[8] += query[1] * keys01;
          logits[8] += query[2] * keys02;
          logits[8] += query[3] * keys03;
          logits[9] += query[0] * keys10;
          logits[9] += query[1] * keys11;
          logits[9] += query[2] * keys12;
          logits[9] += query[3] * keys13;
}
{
          let query = stage[(ty * 8u + 5u) * 5u + d];
          logits[10] += query[0] * keys00;
          logits[10] += query[1] * keys01;
          logits[10] += query[2] * keys02;
          logits[10] += query[3] * keys03;
          logits[11] += query[0] * keys10;
          logits[11] += query[1] * keys11;
          logits[11] += query[2] * keys12;
          logits[11] += query[3] * keys13;
}
{
          let query = stage[(ty * 8u + 6u) * 5u + d];
          logits[12] += query[0] * keys00;
          logits[12] += query[1] * keys01;
          logits[12] += query[2] * keys02;
          logits[12] += query[3] * keys03;
          logits[13] += query[0] * keys10;
          logits[13] += query[1] * keys11;
          logits[13] += query[2] * keys12;
          logits[13] += query[3] * keys13;
}
{
          let query = stage[(ty * 8u + 7u) * 5u + d];
          logits[14] += query[0] * keys00;
          logits[14] += query[1] * keys01;
          logits[14] += query[2] * keys02;
          logits[14] += query[3] * keys03;
          logits[15] += query[0] * keys10;
          logits[15] += query[1] * keys11;
          logits[15] += query[2] * keys12;
          logits[15] += query[3] * keys13;
}
        }
      }

      // What is hidden is −∞, whatever it was.
      var tileGreatest = rowsOf(LOWEST);
{
        var row = logits[0] * params.scale;
        let keys = tx + 0u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 0u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
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
        tileGreatest[0][0] = max(tileGreatest[0][0], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[1] * params.scale;
        let keys = tx + 8u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 0u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
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
        logits[1] = row;
        tileGreatest[0][0] = max(tileGreatest[0][0], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[2] * params.scale;
        let keys = tx + 0u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 1u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
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
        logits[2] = row;
        tileGreatest[0][1] = max(tileGreatest[0][1], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[3] * params.scale;
        let keys = tx + 8u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 1u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
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
        logits[3] = row;
        tileGreatest[0][1] = max(tileGreatest[0][1], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[4] * params.scale;
        let keys = tx + 0u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 2u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
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
        logits[4] = row;
        tileGreatest[0][2] = max(tileGreatest[0][2], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[5] * params.scale;
        let keys = tx + 8u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 2u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
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
        logits[5] = row;
        tileGreatest[0][2] = max(tileGreatest[0][2], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[6] * params.scale;
        let keys = tx + 0u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 3u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
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
        logits[6] = row;
        tileGreatest[0][3] = max(tileGreatest[0][3], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[7] * params.scale;
        let keys = tx + 8u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 3u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
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
        logits[7] = row;
        tileGreatest[0][3] = max(tileGreatest[0][3], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[8] * params.scale;
        let keys = tx + 0u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 4u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 16u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[8] = row;
        tileGreatest[1][0] = max(tileGreatest[1][0], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[9] * params.scale;
        let keys = tx + 8u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 4u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 16u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[9] = row;
        tileGreatest[1][0] = max(tileGreatest[1][0], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[10] * params.scale;
        let keys = tx + 0u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 5u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 32u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[10] = row;
        tileGreatest[1][1] = max(tileGreatest[1][1], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[11] * params.scale;
        let keys = tx + 8u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 5u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 32u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[11] = row;
        tileGreatest[1][1] = max(tileGreatest[1][1], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[12] * params.scale;
        let keys = tx + 0u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 6u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 64u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[12] = row;
        tileGreatest[1][2] = max(tileGreatest[1][2], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[13] * params.scale;
        let keys = tx + 8u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 6u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 64u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[13] = row;
        tileGreatest[1][2] = max(tileGreatest[1][2], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[14] * params.scale;
        let keys = tx + 0u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 7u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 128u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[14] = row;
        tileGreatest[1][3] = max(tileGreatest[1][3], max(max(row.x, row.y), max(row.z, row.w)));
}
{
        var row = logits[15] * params.scale;
        let keys = tx + 8u;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 8u + 7u) * 2u + keys / 8u];
          bits = (word >> ((keys * 4u) % 32u)) & 15u;
        }
        if (params.softcap != 0.0) {
          for (var j = 0u; j < 4u; j++) { row[j] = capped(row[j]); }
        }
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= 128u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[15] = row;
        tileGreatest[1][3] = max(tileGreatest[1][3], max(max(row.x, row.y), max(row.z, row.w)));
}
      tileGreatest = greatestOfRow(tileGreatest, lane, reach);
      var shrink: Rows;
{
        let next = max(tileGreatest[0], greatest[0]);
        // Never 0, so that what is infinite stays so.
        shrink[0] = max(exp(greatest[0] - next), vec4f(LEAST));
        greatest[0] = next;
        total[0] *= shrink[0];
}
{
        let next = max(tileGreatest[1], greatest[1]);
        // Never 0, so that what is infinite stays so.
        shrink[1] = max(exp(greatest[1] - next), vec4f(LEAST));
        greatest[1] = next;
        total[1] *= shrink[1];
}
{
        sums[0] *= shrink[0][0];
        sums[1] *= shrink[0][0];
{
        let logit = logits[0];
        let seen = max(exp(logit - greatest[0][0]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[0][0] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 0u) * 16u + tx + 0u] = weight;
}
{
        let logit = logits[1];
        let seen = max(exp(logit - greatest[0][0]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[0][0] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 0u) * 16u + tx + 8u] = weight;
}
}
{
        sums[2] *= shrink[0][1];
        sums[3] *= shrink[0][1];
{
        let logit = logits[2];
        let seen = max(exp(logit - greatest[0][1]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[0][1] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 1u) * 16u + tx + 0u] = weight;
}
{
        let logit = logits[3];
        let seen = max(exp(logit - greatest[0][1]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[0][1] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 1u) * 16u + tx + 8u] = weight;
}
}
{
        sums[4] *= shrink[0][2];
        sums[5] *= shrink[0][2];
{
        let logit = logits[4];
        let seen = max(exp(logit - greatest[0][2]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[0][2] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 2u) * 16u + tx + 0u] = weight;
}
{
        let logit = logits[5];
        let seen = max(exp(logit - greatest[0][2]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[0][2] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 2u) * 16u + tx + 8u] = weight;
}
}
{
        sums[6] *= shrink[0][3];
        sums[7] *= shrink[0][3];
{
        let logit = logits[6];
        let seen = max(exp(logit - greatest[0][3]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[0][3] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 3u) * 16u + tx + 0u] = weight;
}
{
        let logit = logits[7];
        let seen = max(exp(logit - greatest[0][3]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[0][3] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 3u) * 16u + tx + 8u] = weight;
}
}
{
        sums[8] *= shrink[1][0];
        sums[9] *= shrink[1][0];
{
        let logit = logits[8];
        let seen = max(exp(logit - greatest[1][0]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[1][0] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 4u) * 16u + tx + 0u] = weight;
}
{
        let logit = logits[9];
        let seen = max(exp(logit - greatest[1][0]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[1][0] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 4u) * 16u + tx + 8u] = weight;
}
}
{
        sums[10] *= shrink[1][1];
        sums[11] *= shrink[1][1];
{
        let logit = logits[10];
        let seen = max(exp(logit - greatest[1][1]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[1][1] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 5u) * 16u + tx + 0u] = weight;
}
{
        let logit = logits[11];
        let seen = max(exp(logit - greatest[1][1]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[1][1] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 5u) * 16u + tx + 8u] = weight;
}
}
{
        sums[12] *= shrink[1][2];
        sums[13] *= shrink[1][2];
{
        let logit = logits[12];
        let seen = max(exp(logit - greatest[1][2]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[1][2] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 6u) * 16u + tx + 0u] = weight;
}
{
        let logit = logits[13];
        let seen = max(exp(logit - greatest[1][2]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[1][2] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 6u) * 16u + tx + 8u] = weight;
}
}
{
        sums[14] *= shrink[1][3];
        sums[15] *= shrink[1][3];
{
        let logit = logits[14];
        let seen = max(exp(logit - greatest[1][3]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[1][3] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 7u) * 16u + tx + 0u] = weight;
}
{
        let logit = logits[15];
        let seen = max(exp(logit - greatest[1][3]), vec4f(LEAST));
        let weight = select(seen, vec4f(), areOdd(logit));
        total[1][3] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 8u + 7u) * 16u + tx + 8u] = weight;
}
}

      // The weighted sum of the values.
      for (var start = 0u; start < 64u; start += 32u) {
        workgroupBarrier();
        for (var s = lane; s < 512u; s += 64u) {
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
          let weight0 = weights[(ty * 8u + 0u) * 16u + start / 4u + key];
          let weight1 = weights[(ty * 8u + 1u) * 16u + start / 4u + key];
          let weight2 = weights[(ty * 8u + 2u) * 16u + start / 4u + key];
          let weight3 = weights[(ty * 8u + 3u) * 16u + start / 4u + key];
          let weight4 = weights[(ty * 8u + 4u) * 16u + start / 4u + key];
          let weight5 = weights[(ty * 8u + 5u) * 16u + start / 4u + key];
          let weight6 = weights[(ty * 8u + 6u) * 16u + start / 4u + key];
          let weight7 = weights[(ty * 8u + 7u) * 16u + start / 4u + key];
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
            if (weight1[0] > 0.0) { sums[2] += weight1[0] * value0; }
            if (weight1[1] > 0.0) { sums[2] += weight1[1] * value1; }
            if (weight1[2] > 0.0) { sums[2] += weight1[2] * value2; }
            if (weight1[3] > 0.0) { sums[2] += weight1[3] * value3; }
            if (weight2[0] > 0.0) { sums[4] += weight2[0] * value0; }
            if (weight2[1] > 0.0) { sums[4] += weight2[1] * value1; }
            if (weight2[2] > 0.0) { sums[4] += weight2[2] * value2; }
            if (weight2[3] > 0.0) { sums[4] += weight2[3] * value3; }
            if (weight3[0] > 0.0) { sums[6] += weight3[0] * value0; }
            if (weight3[1] > 0.0) { sums[6] += weight3[1] * value1; }
            if (weight3[2] > 0.0) { sums[6] += weight3[2] * value2; }
            if (weight3[3] > 0.0) { sums[6] += weight3[3] * value3; }
            if (weight4[0] > 0.0) { sums[8] += weight4[0] * value0; }
            if (weight4[1] > 0.0) { sums[8] += weight4[1] * value1; }
            if (weight4[2] > 0.0) { sums[8] += weight4[2] * value2; }
            if (weight4[3] > 0.0) { sums[8] += weight4[3] * value3; }
            if (weight5[0] > 0.0) { sums[10] += weight5[0] * value0; }
            if (weight5[1] > 0.0) { sums[10] += weight5[1] * value1; }
            if (weight5[2] > 0.0) { sums[10] += weight5[2] * value2; }
            if (weight5[3] > 0.0) { sums[10] += weight5[3] * value3; }
            if (weight6[0] > 0.0) { sums[12] += weight6[0] * value0; }
            if (weight6[1] > 0.0) { sums[12] += weight6[1] * value1; }
            if (weight6[2] > 0.0) { sums[12] += weight6[2] * value2; }
            if (weight6[3] > 0.0) { sums[12] += weight6[3] * value3; }
            if (weight7[0] > 0.0) { sums[14] += weight7[0] * value0; }
            if (weight7[1] > 0.0) { sums[14] += weight7[1] * value1; }
            if (weight7[2] > 0.0) { sums[14] += weight7[2] * value2; }
            if (weight7[3] > 0.0) { sums[14] += weight7[3] * value3; }
          } else {
            sums[0] += weight0[0] * value0;
            sums[0] += weight0[1] * value1;
            sums[0] += weight0[2] * value2;
            sums[0] += weight0[3] * value3;
            sums[2] += weight1[0] * value0;
            sums[2] += weight1[1] * value1;
            sums[2] += weight1[2] * value2;
            sums[2] += weight1[3] * value3;
            sums[4] += weight2[0] * value0;
            sums[4] += weight2[1] * value1;
            sums[4] += weight2[2] * value2;
            sums[4] += weight2[3] * value3;
            sums[6] += weight3[0] * value0;
            sums[6] += weight3[1] * value1;
            sums[6] += weight3[2] * value2;
            sums[6] += weight3[3] * value3;
            sums[8] += weight4[0] * value0;
            sums[8] += weight4[1] * value1;
            sums[8] += weight4[2] * value2;
            sums[8] += weight4[3] * value3;
            sums[10] += weight5[0] * value0;
            sums[10] += weight5[1] * value1;
            sums[10] += weight5[2] * value2;
            sums[10] += weight5[3] * value3;
            sums[12] += weight6[0] * value0;
            sums[12] += weight6[1] * value1;
            sums[12] += weight6[2] * value2;
            sums[12] += weight6[3] * value3;
            sums[14] += weight7[0] * value0;
            sums[14] += weight7[1] * value1;
            sums[14] += weight7[2] * value2;
            sums[14] += weight7[3] * value3;
          }
}
{
          let value0 = stage[key * 64u + tx + 8u];
          let value1 = stage[key * 64u + tx + 24u];
          let value2 = stage[key * 64u + tx + 40u];
          let value3 = stage[key * 64u + tx + 56u];
          if (mayBeOdd) {
            if (weight0[0] > 0.0) { sums[1] += weight0[0] * value0; }
            if (weight0[1] > 0.0) { sums[1] += weight0[1] * value1; }
            if (weight0[2] > 0.0) { sums[1] += weight0[2] * value2; }
            if (weight0[3] > 0.0) { sums[1] += weight0[3] * value3; }
            if (weight1[0] > 0.0) { sums[3] += weight1[0] * value0; }
            if (weight1[1] > 0.0) { sums[3] += weight1[1] * value1; }
            if (weight1[2] > 0.0) { sums[3] += weight1[2] * value2; }
            if (weight1[3] > 0.0) { sums[3] += weight1[3] * value3; }
            if (weight2[0] > 0.0) { sums[5] += weight2[0] * value0; }
            if (weight2[1] > 0.0) { sums[5] += weight2[1] * value1; }
            if (weight2[2] > 0.0) { sums[5] += weight2[2] * value2; }
            if (weight2[3] > 0.0) { sums[5] += weight2[3] * value3; }
            if (weight3[0] > 0.0) { sums[7] += weight3[0] * value0; }
            if (weight3[1] > 0.0) { sums[7] += weight3[1] * value1; }
            if (weight3[2] > 0.0) { sums[7] += weight3[2] * value2; }
            if (weight3[3] > 0.0) { sums[7] += weight3[3] * value3; }
            if (weight4[0] > 0.0) { sums[9] += weight4[0] * value0; }
            if (weight4[1] > 0.0) { sums[9] += weight4[1] * value1; }
            if (weight4[2] > 0.0) { sums[9] += weight4[2] * value2; }
            if (weight4[3] > 0.0) { sums[9] += weight4[3] * value3; }
            if (weight5[0] > 0.0) { sums[11] += weight5[0] * value0; }
            if (weight5[1] > 0.0) { sums[11] += weight5[1] * value1; }
            if (weight5[2] > 0.0) { sums[11] += weight5[2] * value2; }
            if (weight5[3] > 0.0) { sums[11] += weight5[3] * value3; }
            if (weight6[0] > 0.0) { sums[13] += weight6[0] * value0; }
            if (weight6[1] > 0.0) { sums[13] += weight6[1] * value1; }
            if (weight6[2] > 0.0) { sums[13] += weight6[2] * value2; }
            if (weight6[3] > 0.0) { sums[13] += weight6[3] * value3; }
            if (weight7[0] > 0.0) { sums[15] += weight7[0] * value0; }
            if (weight7[1] > 0.0) { sums[15] += weight7[1] * value1; }
            if (weight7[2] > 0.0) { sums[15] += weight7[2] * value2; }
            if (weight7[3] > 0.0) { sums[15] += weight7[3] * value3; }
          } else {
            sums[1] += weight0[0] * value0;
            sums[1] += weight0[1] * value1;
            sums[1] += weight0[2] * value2;
            sums[1] += weight0[3] * value3;
            sums[3] += weight1[0] * value0;
            sums[3] += weight1[1] * value1;
            sums[3] += weight1[2] * value2;
            sums[3] += weight1[3] * value3;
            sums[5] += weight2[0] * value0;
            sums[5] += weight2[1] * value1;
            sums[5] += weight2[2] * value2;
            sums[5] += weight2[3] * value3;
            sums[7] += weight3[0] * value0;
            sums[7] += weight3[1] * value1;
            sums[7] += weight3[2] * value2;
            sums[7] += weight3[3] * value3;
            sums[9] += weight4[0] * value0;
            sums[9] += weight4[1] * value1;
            sums[9] += weight4[2] * value2;
            sums[9] += weight4[3] * value3;
            sums[11] += weight5[0] * value0;
            sums[11] += weight5[1] * value1;
            sums[11] += weight5[2] * value2;
            sums[11] += weight5[3] * value3;
            sums[13] += weight6[0] * value0;
            sums[13] += weight6[1] * value1;
            sums[13] += weight6[2] * value2;
            sums[13] += weight6[3] * value3;
            sums[15] += weight7[0] * value0;
            sums[15] += weight7[1] * value1;
            sums[15] += weight7[2] * value2;
            sums[15] += weight7[3] * value3;
          }
}
        }
      }
      workgroupBarrier();
    }
  }

  total = sumOfRow(total, lane, reach);
  // Whether anyone found a NaN: 1 for each.
  var findings = rowsOf(0.0);
  findings[0][0] = f32((nanRows >> 0u) & 1u);
  findings[0][1] = f32((nanRows >> 1u) & 1u);
  findings[0][2] = f32((nanRows >> 2u) & 1u);
  findings[0][3] = f32((nanRows >> 3u) & 1u);
  findings[1][0] = f32((nanRows >> 4u) & 1u);
  findings[1][1] = f32((nanRows >> 5u) & 1u);
  findings[1][2] = f32((nanRows >> 6u) & 1u);
  findings[1][3] = f32((nanRows >> 7u) & 1u);
  findings = sumOfRow(findings, lane, reach);
{
  if (firstQuery + ty * 8u + 0u < params.queryCount) {
    let at = outBase + queries[0] * params.outToken;
    let isNaNRow = findings[0][0] > 0.0;
    let isEmpty = total[0][0] == 0.0;
    let divisor = select(total[0][0], 1.0, isEmpty);
{
    var row = sums[0] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
{
    var row = sums[1] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 8u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
  }
}
{
  if (firstQuery + ty * 8u + 1u < params.queryCount) {
    let at = outBase + queries[1] * params.outToken;
    let isNaNRow = findings[0][1] > 0.0;
    let isEmpty = total[0][1] == 0.0;
    let divisor = select(total[0][1], 1.0, isEmpty);
{
    var row = sums[2] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
{
    var row = sums[3] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 8u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
  }
}
{
  if (firstQuery + ty * 8u + 2u < params.queryCount) {
    let at = outBase + queries[2] * params.outToken;
    let isNaNRow = findings[0][2] > 0.0;
    let isEmpty = total[0][2] == 0.0;
    let divisor = select(total[0][2], 1.0, isEmpty);
{
    var row = sums[4] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
{
    var row = sums[5] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 8u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
  }
}
{
  if (firstQuery + ty * 8u + 3u < params.queryCount) {
    let at = outBase + queries[3] * params.outToken;
    let isNaNRow = findings[0][3] > 0.0;
    let isEmpty = total[0][3] == 0.0;
    let divisor = select(total[0][3], 1.0, isEmpty);
{
    var row = sums[6] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
{
    var row = sums[7] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 8u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
  }
}
{
  if (firstQuery + ty * 8u + 4u < params.queryCount) {
    let at = outBase + queries[4] * params.outToken;
    let isNaNRow = findings[1][0] > 0.0;
    let isEmpty = total[1][0] == 0.0;
    let divisor = select(total[1][0], 1.0, isEmpty);
{
    var row = sums[8] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
{
    var row = sums[9] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 8u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
  }
}
{
  if (firstQuery + ty * 8u + 5u < params.queryCount) {
    let at = outBase + queries[5] * params.outToken;
    let isNaNRow = findings[1][1] > 0.0;
    let isEmpty = total[1][1] == 0.0;
    let divisor = select(total[1][1], 1.0, isEmpty);
{
    var row = sums[10] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
{
    var row = sums[11] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 8u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
  }
}
{
  if (firstQuery + ty * 8u + 6u < params.queryCount) {
    let at = outBase + queries[6] * params.outToken;
    let isNaNRow = findings[1][2] > 0.0;
    let isEmpty = total[1][2] == 0.0;
    let divisor = select(total[1][2], 1.0, isEmpty);
{
    var row = sums[12] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
{
    var row = sums[13] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 8u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
  }
}
{
  if (firstQuery + ty * 8u + 7u < params.queryCount) {
    let at = outBase + queries[7] * params.outToken;
    let isNaNRow = findings[1][3] > 0.0;
    let isEmpty = total[1][3] == 0.0;
    let divisor = select(total[1][3], 1.0, isEmpty);
{
    var row = sums[14] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 0u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
{
    var row = sums[15] / divisor;
    if (isNaNRow) { row = vec4f(nan()); }
    for (var c = 0u; c < 4u; c++) {
      let column = (tx + 8u) * 4u + c;
      if (column < params.valueDim) { out[at + column] = row[c]; }
    }
}
  }
}
}