/**
 * Attention, one workgroup a block of queries: it walks over the key tiles that the plan lists for the block, with an online softmax
 * (Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867) and the sums in registers, as in FlashAttention (Dao et al. 2022,
 * https://arxiv.org/abs/2205.14135). Nothing about patterns is in here: hidden pairs are bits of the plan's masks.
 *
 * Each of 16 × rows/4 invocations has 4 rows and 4 keys of a tile of logits, and 4 rows and every 16th group of 4 columns of the
 * output. Shared memory holds the tile's weights, and 16 columns of q and k or a few rows of v at a time.
 *
 * What may not be a number is told by its bits, as shader compilers may assume that there are only numbers. A key that a row sees
 * has a weight above 0, however small; so 0 · ∞ cannot arise where a value counts, and where a tile of values has anything but
 * numbers in it, rows that do not see it leave it out.
 */
import type { KernelSource } from '../device/pipeline-cache.ts';
import {
  declareBuffers,
  declareParams,
  ENABLE_F16,
  floatAccess,
  type FloatElement,
  type FloatStorage,
} from './wgsl.ts';

/** What a kernel is made for. */
export interface AttentionOptions {
  /** Whether heads and values are whole vectors of 4. */
  readonly wholeHeads: boolean;
  readonly wholeValues: boolean;
  /** Times 64 columns of values. */
  readonly groups: number;
  /** Queries of a workgroup: 64, or fewer where shared memory is short; 16 compile fastest. */
  readonly rows: 64 | 32 | 16;
  /** What q, k and v are stored as, and how `out` is, which is f32 where it is a part of the result. */
  readonly input: FloatElement;
  readonly output: FloatStorage;
  /** What biases are stored as; undefined where there are none. */
  readonly alibi: FloatElement | undefined;
  readonly relative: FloatElement | undefined;
  readonly bias: FloatElement | undefined;
  readonly hasLse: boolean;
}

export const ATTENTION_PARAMS = {
  headDim: 'u32',
  valueDim: 'u32',
  queryCount: 'u32',
  keyCount: 'u32',
  queryLength: 'u32',
  keyLength: 'u32',
  heads: 'u32',
  headsPerKv: 'u32',
  queryOffset: 'i32',
  /** Whether the orders are others than 0, 1, 2 … */
  hasQueryIndex: 'u32',
  hasKeyIndex: 'u32',
  /** Where the parts of the plan's table begin. */
  members: 'u32',
  queryIndex: 'u32',
  keyIndex: 'u32',
  rowStart: 'u32',
  spanColumn: 'u32',
  spanTiles: 'u32',
  spanMask: 'u32',
  masks: 'u32',
  /** First member of this dispatch. */
  firstMember: 'u32',
  /** Workgroups that share a block, and elements of `out` and `lse` from one to the next. */
  splits: 'u32',
  splitOut: 'u32',
  splitLse: 'u32',
  /** Elements from batch row to batch row, head to head and token to token. */
  qBatch: 'u32',
  qHead: 'u32',
  qToken: 'u32',
  kBatch: 'u32',
  kHead: 'u32',
  kToken: 'u32',
  vBatch: 'u32',
  vHead: 'u32',
  vToken: 'u32',
  outBatch: 'u32',
  outHead: 'u32',
  outToken: 'u32',
  scale: 'f32',
  /** 0 for none. */
  softcap: 'f32',
  slopeBatch: 'u32',
  radius: 'i32',
  biasBatch: 'u32',
  biasHead: 'u32',
  biasQuery: 'u32',
  biasKey: 'u32',
} as const;

/** Columns of q and k that are in shared memory at a time, as vectors of 4. */
const DEPTH = 4;

/** One more, so that neighbours stand in different banks. */
const PITCH = DEPTH + 1;

/** Bytes of shared memory that a kernel takes. */
export function attentionWorkgroupBytes({ rows, groups }: Pick<AttentionOptions, 'rows' | 'groups'>): number {
  return 16 * (weightVectors(rows) + stageVectors(rows, groups)) + 64;
}

const weightVectors = (rows: number): number => rows * 16;
const valueRows = (groups: number): number => (groups <= 2 ? 8 : 4);
const stageVectors = (rows: number, groups: number): number =>
  Math.max((rows + 64) * PITCH, valueRows(groups) * groups * 16);

/** The kernel. Grid: blocks of rows, members, splits. */
export function attentionKernel(options: AttentionOptions): KernelSource {
  const { wholeHeads, wholeValues, groups, rows, input, output, alibi, relative, bias, hasLse } = options;
  const { type, declaration, store } = floatAccess(output);
  const threads = rows * 4;
  const valueDepth = valueRows(groups);
  const four = [0, 1, 2, 3];
  /** Lines for each of `count`, so that what they index is in registers. */
  const each = (count: number, line: (index: string) => string): string =>
    Array.from({ length: count }, (_, i) => `{\n${line(`${i}u`)}\n}`).join('\n');
  /** A vector of 4 columns out of the row that begins at `row`, 0 behind its end. */
  const vectorOf = (name: string, dim: string, isWhole: boolean): string => `
fn load_${name}(row: u32, vector: u32) -> vec4f {
${
  isWhole
    ? `  return vec4f(${name}[row / 4u + vector]);`
    : `  var value = vec4f();
  for (var i = 0u; i < 4u; i++) {
    if (vector * 4u + i < params.${dim}) { value[i] = f32(${name}[row + vector * 4u + i]); }
  }
  return value;`
}
}`;
  const rowType = (isWhole: boolean): string => (isWhole ? `vec4<${input}>` : input);
  const name = [
    `attention ${groups} ${rows}`,
    ...Object.entries({
      ragged: !wholeHeads,
      raggedValues: !wholeValues,
      alibi,
      relative,
      bias,
      lse: hasLse,
    })
      .filter(([, has]) => has)
      .map(([word, has]) => (typeof has === 'string' ? `${word}:${has}` : word)),
    input === output ? input : `${input} to ${output}`,
  ].join(' ');

  const code = `${input === 'f16' ? ENABLE_F16 : ''}${declareParams(ATTENTION_PARAMS)}
${declareBuffers(
  {
    q: rowType(wholeHeads),
    k: rowType(wholeHeads),
    v: rowType(wholeValues),
    plan: 'u32',
    ...(alibi && { slopes: alibi }),
    ...(relative && { relative }),
    ...(bias && { bias }),
    out: type,
    ...(hasLse && { lse: 'f32' }),
  },
  hasLse ? 2 : 1,
)}
${declaration}
const LOWEST = -3.4028234e38;
const LEAST = 1.2e-38;

var<workgroup> weights: array<vec4f, ${weightVectors(rows)}>;
var<workgroup> stage: array<vec4f, ${stageVectors(rows, groups)}>;
var<workgroup> oddValues: atomic<u32>;

${vectorOf('q', 'headDim', wholeHeads)}
${vectorOf('k', 'headDim', wholeHeads)}
${vectorOf('v', 'valueDim', wholeValues)}

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

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % 16u;
  let ty = lane / 16u;
  let headVectors = (params.headDim + 3u) / 4u;
  let valueVectors = (params.valueDim + 3u) / 4u;
  let block = group.x / ${64 / rows}u;
  let firstQuery = group.x * ${rows}u;
  let firstRow = (group.x % ${64 / rows}u) * ${rows}u;
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
  var sums: array<vec4f, ${4 * groups}>;
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
      for (var start = 0u; start < headVectors; start += ${DEPTH}u) {
        workgroupBarrier();
        for (var s = lane; s < ${rows * DEPTH}u; s += ${threads}u) {
          let row = s / ${DEPTH}u;
          let vector = start + s % ${DEPTH}u;
          var value = vec4f();
          if (firstQuery + row < params.queryCount && vector < headVectors) {
            value = load_q(qBase + queryRow(firstQuery + row) * params.qToken, vector);
          }
          stage[row * ${PITCH}u + s % ${DEPTH}u] = value;
        }
        for (var s = lane; s < ${64 * DEPTH}u; s += ${threads}u) {
          let key = s / ${DEPTH}u;
          let vector = start + s % ${DEPTH}u;
          var value = vec4f();
          if (vector < headVectors) { value = load_k(kBase + keyRow(tile * 64u + key) * params.kToken, vector); }
          stage[(${rows}u + (key % 4u) * 16u + key / 4u) * ${PITCH}u + s % ${DEPTH}u] = value;
        }
        workgroupBarrier();
        for (var d = 0u; d < ${DEPTH}u; d++) {
${four.map((j) => `          let key${j} = stage[(${rows}u + ${16 * j}u + tx) * ${PITCH}u + d];`).join('\n')}
${each(
  4,
  (i) => `          let query = stage[(ty * 4u + ${i}) * ${PITCH}u + d];
          logits[${i}] += vec4f(${four.map((j) => `dot(query, key${j})`).join(', ')});`,
)}
        }
      }

      // What is hidden is −∞, whatever it was.
      var tileGreatest = vec4f(LOWEST);
${each(
  4,
  (i) => `        var row = logits[${i}] * params.scale;
        var bits = 15u;
        if (maskId >= 0) {
          let word = plan[params.masks + u32(maskId) * 128u + (firstRow + ty * 4u + ${i}) * 2u + tx / 8u];
          bits = (word >> ((tx * 4u) % 32u)) & 15u;
        }
        for (var j = 0u; j < 4u; j++) {
          var value = row[j];
${logitTerms(options, i)}
          let isSeen = ((bits >> j) & 1u) == 1u;
          // A logit of ∞ has no softmax either.
          if (isSeen && isOdd(value) && bitcast<u32>(value) != 0xff800000u) { rowIsNaN[${i}] = true; }
          if (!isSeen || isOdd(value)) { value = minusInfinity(); }
          row[j] = value;
          if (value > tileGreatest[${i}]) { tileGreatest[${i}] = value; }
        }
        logits[${i}] = row;`,
)}
      weights[lane] = tileGreatest;
      workgroupBarrier();
      for (var x = 0u; x < 16u; x++) { tileGreatest = max(tileGreatest, weights[ty * 16u + x]); }
      tileGreatest = max(tileGreatest, greatest);
      // Never 0, so that what is infinite stays so.
      let shrink = max(exp(greatest - tileGreatest), vec4f(LEAST));
      greatest = tileGreatest;
      total *= shrink;
      workgroupBarrier();
${each(
  4,
  (i) => `        for (var g = 0u; g < ${groups}u; g++) { sums[${i} * ${groups}u + g] *= shrink[${i}]; }
        var weight = max(exp(logits[${i}] - greatest[${i}]), vec4f(LEAST));
        for (var j = 0u; j < 4u; j++) { if (isOdd(logits[${i}][j])) { weight[j] = 0.0; } }
        total[${i}] += weight.x + weight.y + weight.z + weight.w;
        weights[(ty * 4u + ${i}) * 16u + tx] = weight;`,
)}

      // The weighted sum of the values.
      for (var start = 0u; start < 64u; start += ${valueDepth}u) {
        workgroupBarrier();
        if (lane == 0u) { atomicStore(&oddValues, 0u); }
        workgroupBarrier();
        for (var s = lane; s < ${valueDepth}u * valueVectors; s += ${threads}u) {
          let value = load_v(vBase + keyRow(tile * 64u + start + s / valueVectors) * params.vToken, s % valueVectors);
          stage[s] = value;
          if (anyOdd(value)) { atomicStore(&oddValues, 1u); }
        }
        workgroupBarrier();
        let areOdd = atomicLoad(&oddValues) != 0u;
        for (var key = 0u; key < ${valueDepth / 4}u; key++) {
${each(
  groups,
  (g) => `          let column = tx + 16u * ${g};
${four.map((j) => `          let value${j} = stage[min((key * 4u + ${j}u) * valueVectors + column, ${stageVectors(rows, groups) - 1}u)];`).join('\n')}
${each(
  4,
  (i) => `            let weight = weights[(ty * 4u + ${i}) * 16u + start / 4u + key];
            let at = ${i} * ${groups}u + ${g};
            if (areOdd) {
${four.map((j) => `              if (weight[${j}] > 0.0) { sums[at] += weight[${j}] * value${j}; }`).join('\n')}
            } else {
              sums[at] += ${four.map((j) => `weight[${j}] * value${j}`).join(' + ')};
            }`,
)}`,
)}
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
    for (var g = 0u; g < ${groups}u; g++) {
      var row = sums[i * ${groups}u + g] / divisor;
      if (isNaNRow) { row = vec4f(nan()); }
      for (var c = 0u; c < 4u; c++) {
        let column = (tx + 16u * g) * 4u + c;
        if (column < params.valueDim) { out[at + column] = ${store('row[c]')}; }
      }
    }
${
  hasLse
    ? `    if (tx == 0u) {
      var value = greatest[i] + log(divisor);
      if (isEmpty) { value = minusInfinity(); }
      if (isNaNRow) { value = nan(); }
      lse[group.z * params.splitLse + (batch * params.heads + head) * params.queryLength + queries[i]] = value;
    }`
    : ''
}
  }
}`;
  return { name, code };
}

/** What is added to the logit `value` of row `i` and key `j`: the soft cap, then biases. */
function logitTerms({ alibi, relative, bias }: AttentionOptions, i: string): string {
  const lines = [
    'value = capped(value);',
    (alibi || relative || bias) &&
      `let key = keyRow(tile * 64u + tx * 4u + j);
          let offset = i32(key) - i32(queries[${i}]) - params.queryOffset;`,
    alibi && 'value -= f32(slopes[batch * params.slopeBatch + head]) * f32(abs(offset));',
    relative &&
      `value += f32(relative[head * u32(2 * params.radius + 1) + u32(clamp(offset, -params.radius, params.radius) + params.radius)]);`,
    bias &&
      `value += f32(bias[batch * params.biasBatch + head * params.biasHead + queries[${i}] * params.biasQuery + key * params.biasKey]);`,
  ];
  return lines
    .filter((line) => typeof line === 'string')
    .map((line) => `          ${line}`)
    .join('\n');
}
