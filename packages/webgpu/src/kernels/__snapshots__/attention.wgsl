struct Params {
  headDim: u32,
  valueDim: u32,
  queryLength: u32,
  heads: u32,
  headsPerKv: u32,
  queryOffset: i32,
  scale: f32,
  softcap: f32,
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
  slopeBatch: u32,
  radius: i32,
  biasBatch: u32,
  biasHead: u32,
  biasQuery: u32,
  biasKey: u32,
  members: u32,
  queryIndex: u32,
  keyIndex: u32,
  rowStart: u32,
  spanColumn: u32,
  spanTiles: u32,
  spanMask: u32,
  masks: u32,
  tableExtents: u32,
  queryCount: u32,
  keyCount: u32,
  hasQueryIndex: u32,
  hasKeyIndex: u32,
  firstMember: u32,
  firstWorkgroup: u32,
  splits: u32,
  splitOut: u32,
  splitStates: u32,
  qFirst: u32,
  kFirst: u32,
  vFirst: u32,
  outFirst: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> plan: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

// Queries of a workgroup, and its invocations: 16 for every 4 queries.
const ROWS = 64u;
const THREADS = 256u;
// Vectors of 4 columns of q and k in shared memory. Rows are one vector further apart, so that neighbours
// are in different banks.
const DEPTH = 4u;
const PITCH = DEPTH + 1u;
// Rows of v in shared memory, and vectors of a row there: 16 for each group of 64 columns.
const VALUE_ROWS = 32u;
const VALUE_PITCH = 16u;
// Where maxima begin: the least f32, which is a logit like any other.
const LOWEST = -3.4028234663852886e38;
// The least weight of a key that is seen.
const LEAST = 1.2e-38;

// The weights of the tile, 16 vectors a row. Invocations of a row also exchange figures here.
var<workgroup> weights: array<vec4f, 1024>;
// Columns of the queries and behind them of the keys, or rows of the values.
var<workgroup> stage: array<vec4f, 640>;
// 1 as soon as the workgroup has loaded a value that is NaN or ∞.
var<workgroup> hasNonFiniteValues: atomic<u32>;

// What a workgroup computes.
struct Work {
  batch: u32,
  head: u32,
  // The first of its queries, in the order of its source.
  firstQuery: u32,
  // The elements that its head begins at in q, k, v and the output, and its rows in lse or states.
  q: u32,
  k: u32,
  v: u32,
  out: u32,
  states: u32,
  tiles: Tiles,
}

// In functions, because constants may not be infinite or NaN.
fn minusInfinity() -> f32 { return bitcast<f32>(0xff800000u | (params.headDim & 0u)); }
fn nan() -> f32 { return bitcast<f32>(0x7fc00000u | (params.headDim & 0u)); }

fn isNotANumber(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

// Whether they are NaN or ∞.
fn areNonFinite(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7f800000u)) == vec4u(0x7f800000u); }

// Bit j of the visible keys of a row says whether it sees key 4x + j.
fn areVisible(visible: u32) -> vec4<bool> { return (vec4u(visible) & vec4u(1u, 2u, 4u, 8u)) != vec4u(); }

// What the plan has for a workgroup: the spans of its block, its first row in their masks, and its
// share of the tiles.
struct Tiles { firstSpan: u32, endSpan: u32, maskRow: u32, split: u32 }

// The keys from 64 · column on, in the plan's order.
struct Tile {
  exists: bool,
  column: u32,
  // The mask of its span; below 0 where every row sees every key.
  mask: i32,
  span: u32,
  endColumn: u32,
  // Tiles in the share of the workgroup from this one on.
  remaining: u32,
}

fn workOf(group: vec3u) -> Work {
  let part = params.firstWorkgroup + group.x;
  let block = part / 1u;
  let member = plan[params.members + params.firstMember + group.y];
  let batch = member / params.heads;
  let head = member % params.heads;
  let kvHead = head / params.headsPerKv;
  return Work(
    batch,
    head,
    part * ROWS,
    batch * params.qBatch + head * params.qHead - params.qFirst,
    batch * params.kBatch + kvHead * params.kHead - params.kFirst,
    batch * params.vBatch + kvHead * params.vHead - params.vFirst,
    group.z * params.splitOut + batch * params.outBatch + head * params.outHead - params.outFirst,
    group.z * params.splitStates + member * params.queryLength,
    Tiles(plan[params.rowStart + block], plan[params.rowStart + block + 1u], (part % 1u) * ROWS, group.z),
  );
}

// The tile that comes a number of tiles behind the start of a span.
fn tileBehind(work: Work, start: u32, count: u32, remaining: u32) -> Tile {
  var span = start;
  var skip = count;
  while (span < work.tiles.endSpan && remaining > 0u) {
    let tiles = plan[params.spanTiles + span];
    if (skip < tiles) {
      let column = plan[params.spanColumn + span];
      let mask = bitcast<i32>(plan[params.spanMask + span]);
      return Tile(true, column + skip, mask, span, column + tiles, remaining);
    }
    skip -= tiles;
    span++;
  }
  return Tile();
}

fn firstTile(work: Work) -> Tile {
  if (params.splits == 1u) { return tileBehind(work, work.tiles.firstSpan, 0u, 0xffffffffu); }
  var tiles = 0u;
  for (var span = work.tiles.firstSpan; span < work.tiles.endSpan; span++) { tiles += plan[params.spanTiles + span]; }
  let share = (tiles + params.splits - 1u) / params.splits;
  return tileBehind(work, work.tiles.firstSpan, work.tiles.split * share, share);
}

fn nextTile(work: Work, tile: Tile) -> Tile {
  let column = tile.column + 1u;
  if (column == tile.endColumn || tile.remaining == 1u) { return tileBehind(work, tile.span + 1u, 0u, tile.remaining - 1u); }
  return Tile(true, column, tile.mask, tile.span, tile.endColumn, tile.remaining - 1u);
}

// A plan's tile is ready as it is.
fn openTile(work: Work, tile: Tile, lane: u32) {}

fn queryAt(work: Work, row: u32) -> u32 {
  let index = min(work.firstQuery + row, params.queryCount - 1u);
  if (params.hasQueryIndex == 0u) { return index; }
  return plan[params.queryIndex + index];
}

fn keyAt(tile: Tile, key: u32) -> u32 {
  let index = min(tile.column * 64u + key, params.keyCount - 1u);
  if (params.hasKeyIndex == 0u) { return index; }
  return plan[params.keyIndex + index];
}

// A mask has 64 rows of two words.
fn visibleKeys(work: Work, tile: Tile, row: u32, query: u32, x: u32) -> u32 {
  if (tile.mask < 0) { return 15u; }
  let word = plan[params.masks + u32(tile.mask) * 128u + (work.tiles.maskRow + row) * 2u + x / 8u];
  return (word >> ((x * 4u) % 32u)) & 15u;
}

// softcap · tanh(x / softcap); near 0 by its series, which has the precision that 1 − 2 / (e + 1) loses
// there.
fn capped(x: f32) -> f32 {
  if (isNotANumber(x)) { return x; }
  // exp overflows beyond this, and tanh is 1 long before.
  let y = clamp(x / params.softcap, -20.0, 20.0);
  if (abs(y) < 0.1) {
    let z = y * y;
    return params.softcap * (y + y * z * (-0.33333333333 + z * (0.13333333333 + z * (-0.05396825397 + z * 0.0218694885))));
  }
  let e = exp(2.0 * abs(y));
  return params.softcap * sign(y) * (1.0 - 2.0 / (e + 1.0));
}

// The soft cap, then biases, then the score's expression.
fn finishLogits(scaled: vec4f, work: Work, tile: Tile, query: u32, x: u32, visible: u32) -> vec4f {
  var logits = scaled;
  if (params.softcap != 0.0) {
    for (var j = 0u; j < 4u; j++) { logits[j] = capped(logits[j]); }
  }
  return logits;
}

// A vector of 4 columns of the row that begins at an element, 0 behind its end.
fn load_q(row: u32, vector: u32) -> vec4f { return vec4f(q[row / 4u + vector]); }
fn load_k(row: u32, vector: u32) -> vec4f { return vec4f(k[row / 4u + vector]); }
fn load_v(row: u32, vector: u32) -> vec4f { return vec4f(v[row / 4u + vector]); }

// Vectors of the workgroup's queries, from vector start on, to shared memory.
fn loadQueries(work: Work, start: u32, lane: u32) {
  let vectors = (params.headDim + 3u) / 4u;
  for (var i = lane; i < ROWS * DEPTH; i += THREADS) {
    let row = i / DEPTH;
    let vector = start + i % DEPTH;
    let value = load_q(work.q + queryAt(work, row) * params.qToken, min(vector, vectors - 1u));
    stage[row * PITCH + i % DEPTH] = select(vec4f(), value, vector < vectors);
  }
}

// Vectors of the tile's keys to behind those of the queries: key 4 a + j becomes row 16 j + a, so that
// invocations beside each other read rows beside each other.
fn loadKeys(work: Work, tile: Tile, start: u32, lane: u32) {
  let vectors = (params.headDim + 3u) / 4u;
  for (var i = lane; i < 64u * DEPTH; i += THREADS) {
    let key = i / DEPTH;
    let vector = start + i % DEPTH;
    let value = load_k(work.k + keyAt(tile, key) * params.kToken, min(vector, vectors - 1u));
    stage[(ROWS + (key % 4u) * 16u + key / 4u) * PITCH + i % DEPTH] = select(vec4f(), value, vector < vectors);
  }
}

// A sum of four vectors on top of another one: each product and sum becomes one multiply–add.
fn addProducts(sum: vec4f, factors: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
  var next = sum;
  next += factors.x * a;
  next += factors.y * b;
  next += factors.z * c;
  next += factors.w * d;
  return next;
}

// The products of this invocation's rows and keys.
fn multiply(work: Work, tile: Tile, lane: u32) -> array<vec4f, 4> {
  let x = lane % 16u;
  let y = lane / 16u;
  let vectors = (params.headDim + 3u) / 4u;
  var products = array<vec4f, 4>();
  for (var start = 0u; start < vectors; start += DEPTH) {
    workgroupBarrier();
    loadQueries(work, start, lane);
    loadKeys(work, tile, start, lane);
    workgroupBarrier();
    for (var d = 0u; d < DEPTH; d++) {
      let key0 = stage[(ROWS + 0u + x) * PITCH + d];
      let key1 = stage[(ROWS + 16u + x) * PITCH + d];
      let key2 = stage[(ROWS + 32u + x) * PITCH + d];
      let key3 = stage[(ROWS + 48u + x) * PITCH + d];
      // One column of the four keys each.
      let column0 = vec4f(key0[0], key1[0], key2[0], key3[0]);
      let column1 = vec4f(key0[1], key1[1], key2[1], key3[1]);
      let column2 = vec4f(key0[2], key1[2], key2[2], key3[2]);
      let column3 = vec4f(key0[3], key1[3], key2[3], key3[3]);
      let query0 = stage[(4u * y + 0u) * PITCH + d];
      let query1 = stage[(4u * y + 1u) * PITCH + d];
      let query2 = stage[(4u * y + 2u) * PITCH + d];
      let query3 = stage[(4u * y + 3u) * PITCH + d];
      products[0] = addProducts(products[0], query0, column0, column1, column2, column3);
      products[1] = addProducts(products[1], query1, column0, column1, column2, column3);
      products[2] = addProducts(products[2], query2, column0, column1, column2, column3);
      products[3] = addProducts(products[3], query3, column0, column1, column2, column3);
    }
  }
  return products;
}

// The logits of row i that count: −∞ for keys that are hidden, and for what is NaN or ∞. A row that sees
// a logit of NaN or ∞ has no softmax, which its bit in nanRows says; one of −∞ is a weight of 0.
fn countedLogits(logits: vec4f, visible: u32, i: u32, nanRows: ptr<function, u32>) -> vec4f {
  var counted = logits;
  if (any(areNonFinite(logits))) {
    let isMinusInfinity = bitcast<vec4u>(logits) == vec4u(0xff800000u);
    if (any(areVisible(visible) & areNonFinite(logits) & !isMinusInfinity)) { *nanRows |= 1u << i; }
    counted = select(logits, vec4f(minusInfinity()), areNonFinite(logits));
  }
  if (visible != 15u) { counted = select(vec4f(minusInfinity()), counted, areVisible(visible)); }
  return counted;
}

// Weights relative to the row's greatest logit: 0 for −∞, above 0 for all other logits.
fn weightsOf(logits: vec4f, greatest: f32) -> vec4f {
  let positive = max(exp(logits - greatest), vec4f(LEAST));
  return select(positive, vec4f(), areNonFinite(logits));
}

// The greatest, and the sum, of what the 16 invocations of each row have.
fn greatestOfRow(mine: vec4f, lane: u32, reach: u32) -> vec4f {
  var rows = mine;
  weights[lane] = rows;
  workgroupBarrier();
  let first = lane - lane % 16u;
  rows = weights[first];
  for (var other = reach; other < 16u; other += reach) { rows = max(rows, weights[first + other]); }
  workgroupBarrier();
  return rows;
}
fn sumOfRow(mine: vec4f, lane: u32, reach: u32) -> vec4f {
  var rows = mine;
  weights[lane] = rows;
  workgroupBarrier();
  let first = lane - lane % 16u;
  rows = weights[first];
  for (var other = reach; other < 16u; other += reach) { rows = rows + weights[first + other]; }
  workgroupBarrier();
  return rows;
}

// Rows of the tile's values, from key start on, to shared memory.
fn loadValues(work: Work, tile: Tile, start: u32, lane: u32) {
  let vectors = (params.valueDim + 3u) / 4u;
  for (var i = lane; i < VALUE_ROWS * VALUE_PITCH; i += THREADS) {
    // Columns behind the last are computed from the last and go nowhere.
    let vector = min(i % VALUE_PITCH, vectors - 1u);
    let value = load_v(work.v + keyAt(tile, start + i / VALUE_PITCH) * params.vToken, vector);
    stage[i] = value;
    if (any(areNonFinite(value))) { atomicStore(&hasNonFiniteValues, 1u); }
  }
}

// addProducts without the factors that are 0.
fn addNonzeroProducts(sum: vec4f, factors: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
  var next = sum;
  if (factors.x > 0.0) { next += factors.x * a; }
  if (factors.y > 0.0) { next += factors.y * b; }
  if (factors.z > 0.0) { next += factors.z * c; }
  if (factors.w > 0.0) { next += factors.w * d; }
  return next;
}

// Adds the tile's weights · values to this invocation's sums: for each of its rows, a vector for each
// group of columns.
fn addValues(work: Work, tile: Tile, lane: u32, sums: ptr<function, array<vec4f, 4>>) {
  let x = lane % 16u;
  let y = lane / 16u;
  for (var start = 0u; start < 64u; start += VALUE_ROWS) {
    workgroupBarrier();
    loadValues(work, tile, start, lane);
    workgroupBarrier();
    let leaveOutHidden = atomicLoad(&hasNonFiniteValues) != 0u;
    // Four keys at a time.
    for (var key = 0u; key < VALUE_ROWS; key += 4u) {
      let weight0 = weights[(4u * y + 0u) * 16u + (start + key) / 4u];
      let weight1 = weights[(4u * y + 1u) * 16u + (start + key) / 4u];
      let weight2 = weights[(4u * y + 2u) * 16u + (start + key) / 4u];
      let weight3 = weights[(4u * y + 3u) * 16u + (start + key) / 4u];
      {
        let value0 = stage[(key + 0u) * VALUE_PITCH + x + 0u];
        let value1 = stage[(key + 1u) * VALUE_PITCH + x + 0u];
        let value2 = stage[(key + 2u) * VALUE_PITCH + x + 0u];
        let value3 = stage[(key + 3u) * VALUE_PITCH + x + 0u];
        if (leaveOutHidden) {
          (*sums)[0] = addNonzeroProducts((*sums)[0], weight0, value0, value1, value2, value3);
          (*sums)[1] = addNonzeroProducts((*sums)[1], weight1, value0, value1, value2, value3);
          (*sums)[2] = addNonzeroProducts((*sums)[2], weight2, value0, value1, value2, value3);
          (*sums)[3] = addNonzeroProducts((*sums)[3], weight3, value0, value1, value2, value3);
        } else {
          (*sums)[0] = addProducts((*sums)[0], weight0, value0, value1, value2, value3);
          (*sums)[1] = addProducts((*sums)[1], weight1, value0, value1, value2, value3);
          (*sums)[2] = addProducts((*sums)[2], weight2, value0, value1, value2, value3);
          (*sums)[3] = addProducts((*sums)[3], weight3, value0, value1, value2, value3);
        }
      }
    }
  }
}

// Writes a vector of 4 columns to the row of the output that begins at an element.
fn writeVector(row: u32, vector: u32, result: vec4f, isNaNRow: bool) {
  var value = result;
  if (isNaNRow) { value = vec4f(nan()); }
  for (var c = 0u; c < 4u; c++) {
    let column = vector * 4u + c;
    if (column < params.valueDim) { out[row + column] = value[c]; }
  }
}

// Writes the log-sum-exp of a row.
fn writeState(row: u32, greatest: f32, total: f32, isNaNRow: bool) {
  var value = minusInfinity();
  if (total > 0.0) { value = greatest + log(total); }
  if (isNaNRow) { value = nan(); }
  lse[row] = value;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  // How many invocations of a row reduce without shared memory.
  let reach = 1u;
  let x = lane % 16u;
  let y = lane / 16u;
  let work = workOf(group);
  let queries = vec4u(queryAt(work, 4u * y + 0u), queryAt(work, 4u * y + 1u), queryAt(work, 4u * y + 2u), queryAt(work, 4u * y + 3u));

  var greatest = vec4f(LOWEST);
  var total = vec4f();
  var sums: array<vec4f, 4>;
  // Bit i: row i has no softmax.
  var nanRows = 0u;

  for (var tile = firstTile(work); tile.exists; tile = nextTile(work, tile)) {
    openTile(work, tile, lane);

    var logits = multiply(work, tile, lane);
    var tileGreatest = vec4f(LOWEST);
    {
      let visible = visibleKeys(work, tile, 4u * y + 0u, queries[0], x);
      let finished = finishLogits(logits[0] * params.scale, work, tile, queries[0], x, visible);
      let row = countedLogits(finished, visible, 0u, &nanRows);
      tileGreatest[0] = max(tileGreatest[0], max(max(row.x, row.y), max(row.z, row.w)));
      logits[0] = row;
    }
    {
      let visible = visibleKeys(work, tile, 4u * y + 1u, queries[1], x);
      let finished = finishLogits(logits[1] * params.scale, work, tile, queries[1], x, visible);
      let row = countedLogits(finished, visible, 1u, &nanRows);
      tileGreatest[1] = max(tileGreatest[1], max(max(row.x, row.y), max(row.z, row.w)));
      logits[1] = row;
    }
    {
      let visible = visibleKeys(work, tile, 4u * y + 2u, queries[2], x);
      let finished = finishLogits(logits[2] * params.scale, work, tile, queries[2], x, visible);
      let row = countedLogits(finished, visible, 2u, &nanRows);
      tileGreatest[2] = max(tileGreatest[2], max(max(row.x, row.y), max(row.z, row.w)));
      logits[2] = row;
    }
    {
      let visible = visibleKeys(work, tile, 4u * y + 3u, queries[3], x);
      let finished = finishLogits(logits[3] * params.scale, work, tile, queries[3], x, visible);
      let row = countedLogits(finished, visible, 3u, &nanRows);
      tileGreatest[3] = max(tileGreatest[3], max(max(row.x, row.y), max(row.z, row.w)));
      logits[3] = row;
    }

    // Softmax: earlier sums shrink to the new greatest logit. They never become 0, so that what is
    // infinite stays so.
    let next = max(greatestOfRow(tileGreatest, lane, reach), greatest);
    let shrink = max(exp(greatest - next), vec4f(LEAST));
    greatest = next;
    total *= shrink;
    {
      sums[0] *= shrink[0];
      let weight = weightsOf(logits[0], greatest[0]);
      total[0] += weight.x + weight.y + weight.z + weight.w;
      weights[(4u * y + 0u) * 16u + x] = weight;
    }
    {
      sums[1] *= shrink[1];
      let weight = weightsOf(logits[1], greatest[1]);
      total[1] += weight.x + weight.y + weight.z + weight.w;
      weights[(4u * y + 1u) * 16u + x] = weight;
    }
    {
      sums[2] *= shrink[2];
      let weight = weightsOf(logits[2], greatest[2]);
      total[2] += weight.x + weight.y + weight.z + weight.w;
      weights[(4u * y + 2u) * 16u + x] = weight;
    }
    {
      sums[3] *= shrink[3];
      let weight = weightsOf(logits[3], greatest[3]);
      total[3] += weight.x + weight.y + weight.z + weight.w;
      weights[(4u * y + 3u) * 16u + x] = weight;
    }

    addValues(work, tile, lane, &sums);
    workgroupBarrier();
  }

  // Results: sums over totals. A row that sees no key is 0, and its log-sum-exp is −∞.
  total = sumOfRow(total, lane, reach);
  let nanCounts = sumOfRow(vec4f((vec4u(nanRows) >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u)), lane, reach);
  if (work.firstQuery + 4u * y + 0u < params.queryCount) {
    let isNaNRow = nanCounts[0] > 0.0;
    let divisor = select(total[0], 1.0, total[0] == 0.0);
    let outRow = work.out + queries[0] * params.outToken;
    writeVector(outRow, x + 0u, sums[0] / divisor, isNaNRow);
    if (x == 0u) { writeState(work.states + queries[0], greatest[0], total[0], isNaNRow); }
  }
  if (work.firstQuery + 4u * y + 1u < params.queryCount) {
    let isNaNRow = nanCounts[1] > 0.0;
    let divisor = select(total[1], 1.0, total[1] == 0.0);
    let outRow = work.out + queries[1] * params.outToken;
    writeVector(outRow, x + 0u, sums[1] / divisor, isNaNRow);
    if (x == 0u) { writeState(work.states + queries[1], greatest[1], total[1], isNaNRow); }
  }
  if (work.firstQuery + 4u * y + 2u < params.queryCount) {
    let isNaNRow = nanCounts[2] > 0.0;
    let divisor = select(total[2], 1.0, total[2] == 0.0);
    let outRow = work.out + queries[2] * params.outToken;
    writeVector(outRow, x + 0u, sums[2] / divisor, isNaNRow);
    if (x == 0u) { writeState(work.states + queries[2], greatest[2], total[2], isNaNRow); }
  }
  if (work.firstQuery + 4u * y + 3u < params.queryCount) {
    let isNaNRow = nanCounts[3] > 0.0;
    let divisor = select(total[3], 1.0, total[3] == 0.0);
    let outRow = work.out + queries[3] * params.outToken;
    writeVector(outRow, x + 0u, sums[3] / divisor, isNaNRow);
    if (x == 0u) { writeState(work.states + queries[3], greatest[3], total[3], isNaNRow); }
  }
}