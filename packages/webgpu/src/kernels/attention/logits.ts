/** Logits of a tile: products of queries and keys, what is added to them, and what is hidden. */
import { four, unrolled } from '../wgsl.ts';
import { ACROSS, pitchOf, QUERIES, threadsOf, TILE_KEYS, type AttentionOptions } from './options.ts';
import type { TileSource } from './source.ts';

/** `logits`: the products, a vector of 4 keys a row. */
export function multiplyQueriesAndKeys(options: AttentionOptions): string {
  const { rows, depth } = options;
  const pitch = pitchOf(options);
  const threads = threadsOf(options);
  return `      // Key 4 a + j stands at 16 j + a, so that neighbours read neighbours.
      var logits = array<vec4f, ${QUERIES}>();
      for (var start = 0u; start < headVectors; start += ${depth}u) {
        workgroupBarrier();
        for (var s = lane; s < ${rows * depth}u; s += ${threads}u) {
          let row = s / ${depth}u;
          let vector = start + s % ${depth}u;
          // Rows behind the last are computed from the last and go nowhere.
          let query = queryRow(min(firstQuery + row, params.queryCount - 1u));
          let value = load_q(qBase + query * params.qToken, min(vector, headVectors - 1u));
          stage[row * ${pitch}u + s % ${depth}u] = select(vec4f(), value, vector < headVectors);
        }
        for (var s = lane; s < ${TILE_KEYS * depth}u; s += ${threads}u) {
          let key = s / ${depth}u;
          let vector = start + s % ${depth}u;
          let value = load_k(kBase + keyRow(tile * 64u + key) * params.kToken, min(vector, headVectors - 1u));
          stage[(${rows}u + (key % 4u) * ${ACROSS}u + key / 4u) * ${pitch}u + s % ${depth}u] = select(vec4f(), value, vector < headVectors);
        }
        workgroupBarrier();
        for (var d = 0u; d < ${depth}u; d++) {
${four.map((j) => `          let key${j} = stage[(${rows + ACROSS * j}u + tx) * ${pitch}u + d];`).join('\n')}
          // Sums of products in a row, each of which becomes one multiply–add.
${four.map((c) => `          let keys${c} = vec4f(${four.map((j) => `key${j}[${c}]`).join(', ')});`).join('\n')}
${unrolled(
  QUERIES,
  (i) => `          let query = stage[(ty * ${QUERIES}u + ${i}u) * ${pitch}u + d];
${four.map((c) => `          logits[${i}] += query[${c}] * keys${c};`).join('\n')}`,
)}
        }
      }`;
}

/** `logits` as they count, and `tileGreatest`, the greatest of this invocation's in each row. */
export function finishLogits(source: TileSource): string {
  return `      // What is hidden is −∞, whatever it was.
      var tileGreatest = vec4f(LOWEST);
${unrolled(
  QUERIES,
  (i) => `        var row = logits[${i}] * params.scale;
${source.seen(i)}
${source.logits(i)}
        if (anyOdd(row)) {
          for (var j = 0u; j < 4u; j++) {
            if (!isOdd(row[j])) { continue; }
            // A logit of ∞ has no softmax either.
            if (((bits >> j) & 1u) == 1u && bitcast<u32>(row[j]) != 0xff800000u) { nanRows |= ${1 << i}u; }
            row[j] = minusInfinity();
          }
        }
        if (bits != 15u) { row = select(vec4f(minusInfinity()), row, (vec4u(bits) & vec4u(1u, 2u, 4u, 8u)) != vec4u()); }
        logits[${i}] = row;
        tileGreatest[${i}] = max(tileGreatest[${i}], max(max(row.x, row.y), max(row.z, row.w)));`,
)}`;
}
