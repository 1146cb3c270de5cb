struct Params {
  headDim: u32,
  valueDim: u32,
  queryCount: u32,
  heads: u32,
  firstBlock: u32,
  firstMember: u32,
  firstRound: u32,
  firstSlot: u32,
  rounds: u32,
  chunks: u32,
  slots: u32,
  cycle: u32,
  listed: u32,
  lead: u32,
  behind: u32,
  before: u32,
  after: u32,
  causal: u32,
  withinBuckets: u32,
  once: u32,
  byCount: u32,
  qBatch: u32,
  qHead: u32,
  qToken: u32,
  kHead: u32,
  kToken: u32,
  vBatch: u32,
  vHead: u32,
  vToken: u32,
  splitOut: u32,
  splitStates: u32,
  outHead: u32,
  outToken: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> order: array<u32>;
@group(0) @binding(5) var<storage, read> meetings: array<vec2u>;
@group(0) @binding(6) var<storage, read> mask: array<u32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<storage, read_write> states: array<vec2f>;

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
var<workgroup> tokens: array<u32, 64>;

// Rows of the orders and of the meetings of all rounds: where those of this head begin, and the one of this round.
var<private> memberRow: u32;
var<private> roundRow: u32;
var<private> meetingsRow: u32;

fn tokenAt(row: u32, place: u32) -> u32 { return min(order[row * params.queryCount + place], params.queryCount - 1u); }
fn queryRow(place: u32) -> u32 { return tokenAt(roundRow, place); }
fn keyRow(slot: u32) -> u32 { return tokens[slot % 64u] & 0x7fffffffu; }

// From which of the list's slots to which the token at a place sees.
fn slotsSeen(place: u32) -> vec2u {
  let own = place / params.slots + params.lead;
  let first = own - min(own, params.before);
  return vec2u(first, min(own + params.after + 1u, params.listed)) * params.slots;
}

fn tokenOf(slot: u32, round: u32, batch: u32) -> u32 {
  let chunk = slot / params.slots;
  let source = (round * params.chunks + chunk + params.behind) % params.cycle;
  let sourceRound = source / params.chunks;
  let place = (source % params.chunks) * params.slots + slot % params.slots;
  // Slots that a shorter chunk leaves over hold none.
  if (chunk >= params.listed || place >= params.queryCount) { return 0x80000000u; }
  var token = tokenAt(memberRow + sourceRound, place);
  if (params.withinBuckets == 1u && sourceRound != round) { token |= 0x80000000u; }
  if (mask[batch * params.queryCount + (token & 0x7fffffffu)] == 0u) { token |= 0x80000000u; }
  return token;
}

// The chunk of a token in a round, counted within it, and its bucket.
fn meeting(token: u32, round: u32) -> vec2u { return meetings[(meetingsRow + round) * params.queryCount + token]; }

// Whether a pair meets in a round before this one, where rounds have ends.
fn haveMet(query: u32, key: u32, round: u32) -> bool {
  for (var r = 0u; r < round; r++) {
    let a = meeting(query, r);
    let b = meeting(key, r);
    let isNear = b.x + params.before >= a.x && b.x <= a.x + params.after;
    if (isNear && (params.withinBuckets == 0u || a.y == b.y)) { return true; }
  }
  return false;
}

// log(count + 1e-9), where count is how often the key's chunk is among those that the query's looks at, as the cycle has it.
fn logOfCount(query: u32, key: u32) -> f32 {
  var count = 0u;
  for (var r = 0u; r < params.rounds; r++) {
    let a = meeting(query, r);
    let b = meeting(key, r);
    if (params.withinBuckets == 1u && a.y != b.y) { continue; }
    // Steps ahead and back in the cycle. A cycle that is shorter than the way is gone round again.
    let ahead = (b.x + params.cycle - a.x) % params.cycle;
    let back = params.cycle - ahead;
    if (ahead <= params.after) { count += (params.after - ahead) / params.cycle + 1u; }
    if (back <= params.before) { count += (params.before - back) / params.cycle + 1u; }
  }
  // The logarithm of 1 is 0, whatever a device makes of it.
  return select(log(f32(count) + 1e-9), 0.0, count == 1u);
}

// Which of the four keys from a slot of the tile on the query at a place sees.
fn keysSeen(query: u32, place: u32, firstSlot: u32, first: u32, round: u32) -> u32 {
  let band = slotsSeen(place);
  var bits = 0u;
  for (var j = 0u; j < 4u; j++) {
    let slot = firstSlot + first + j;
    let token = tokens[first + j];
    var isSeen = slot >= band.x && slot < band.y && token < 0x80000000u && token != query;
    if (params.causal == 1u && token > query) { isSeen = false; }
    if (isSeen && params.withinBuckets == 1u) { isSeen = meeting(query, round).y == meeting(token, round).y; }
    if (isSeen && params.once == 1u) { isSeen = !haveMet(query, token, round); }
    bits |= select(0u, 1u << j, isSeen);
  }
  return bits;
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
  let firstQuery = (params.firstBlock + group.x) * 64u;
  let member = params.firstMember + group.y;
  let batch = member / params.heads;
  let head = member % params.heads;
  let round = params.firstRound + group.z;
  memberRow = member * params.rounds;
  roundRow = memberRow + round;
  meetingsRow = group.y * params.rounds;
  let qBase = batch * params.qBatch + head * params.qHead;
  let kBase = group.y * params.kHead;
  let vBase = batch * params.vBatch + head * params.vHead;
  let outBase = (params.firstSlot + group.z) * params.splitOut + group.y * params.outHead;
  let stateBase = (params.firstSlot + group.z) * params.splitStates + group.y * params.queryCount;

  var greatest = vec4f(LOWEST);
  var total = vec4f();
  // Bit i: row i has no softmax.
  var nanRows = 0u;
  var sums: array<vec4f, 4>;
  // Where each of this invocation's rows stands in q.
  let queries = vec4u(queryRow(min(firstQuery + ty * 4u + 0u, params.queryCount - 1u)), queryRow(min(firstQuery + ty * 4u + 1u, params.queryCount - 1u)), queryRow(min(firstQuery + ty * 4u + 2u, params.queryCount - 1u)), queryRow(min(firstQuery + ty * 4u + 3u, params.queryCount - 1u)));

  let lastQuery = min(firstQuery + 64u, params.queryCount) - 1u;
  let firstTile = slotsSeen(firstQuery).x / 64u;
  let lastTile = (slotsSeen(lastQuery).y + 63u) / 64u;
  for (var tile = firstTile; tile < lastTile; tile++) {
      // Read behind the barrier that comes before keys are loaded.
      for (var s = lane; s < 64u; s += 256u) { tokens[s] = tokenOf(tile * 64u + s, round, batch); }
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
        let bits = keysSeen(queries[0], firstQuery + ty * 4u + 0u, tile * 64u, tx * 4u, round);
        if (params.byCount == 1u) {
          for (var j = 0u; j < 4u; j++) {
            if (((bits >> j) & 1u) == 1u) { row[j] -= logOfCount(queries[0], tokens[tx * 4u + j]); }
          }
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
        let bits = keysSeen(queries[1], firstQuery + ty * 4u + 1u, tile * 64u, tx * 4u, round);
        if (params.byCount == 1u) {
          for (var j = 0u; j < 4u; j++) {
            if (((bits >> j) & 1u) == 1u) { row[j] -= logOfCount(queries[1], tokens[tx * 4u + j]); }
          }
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
        let bits = keysSeen(queries[2], firstQuery + ty * 4u + 2u, tile * 64u, tx * 4u, round);
        if (params.byCount == 1u) {
          for (var j = 0u; j < 4u; j++) {
            if (((bits >> j) & 1u) == 1u) { row[j] -= logOfCount(queries[2], tokens[tx * 4u + j]); }
          }
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
        let bits = keysSeen(queries[3], firstQuery + ty * 4u + 3u, tile * 64u, tx * 4u, round);
        if (params.byCount == 1u) {
          for (var j = 0u; j < 4u; j++) {
            if (((bits >> j) & 1u) == 1u) { row[j] -= logOfCount(queries[3], tokens[tx * 4u + j]); }
          }
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
    if (tx == 0u) { states[stateBase + queries[0]] = vec2f(greatest[0], select(total[0], nan(), isNaNRow)); }
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
    if (tx == 0u) { states[stateBase + queries[1]] = vec2f(greatest[1], select(total[1], nan(), isNaNRow)); }
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
    if (tx == 0u) { states[stateBase + queries[2]] = vec2f(greatest[2], select(total[2], nan(), isNaNRow)); }
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
    if (tx == 0u) { states[stateBase + queries[3]] = vec2f(greatest[3], select(total[3], nan(), isNaNRow)); }
  }
}
}