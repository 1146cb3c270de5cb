/** Logits of a tile: products of queries and keys, the soft cap, biases, and what is hidden. */
import { four, unrolled } from '../wgsl.ts';
import { DEPTH, PITCH, type AttentionOptions } from './options.ts';

/** `logits`: the products. */
export function multiplyQueriesAndKeys({ rows }: AttentionOptions): string {
  const threads = rows * 4;
  return `      // Logits: 4 rows by keys 4 tx … 4 tx + 3. Key 4 a + j stands at 16 j + a, so that neighbours read neighbours.
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
${unrolled(
  4,
  (i) => `          let query = stage[(ty * 4u + ${i}) * ${PITCH}u + d];
          logits[${i}] += vec4f(${four.map((j) => `dot(query, key${j})`).join(', ')});`,
)}
        }
      }`;
}

/** `logits` as they count, and `tileGreatest`, the greatest of this invocation's. */
export function finishLogits(options: AttentionOptions): string {
  return `      // What is hidden is −∞, whatever it was.
      var tileGreatest = vec4f(LOWEST);
${unrolled(
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
)}`;
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
