/** Logits of a tile: products of queries and keys, what is added to them, and what is hidden. */
import { four, range, unrolled } from '../wgsl.ts';
import { ofRow } from './rows.ts';
import { DEPTH, divisionOf, PITCH, TILE_KEYS, type AttentionOptions } from './options.ts';
import type { TileSource } from './source.ts';

/** `logits`: the products. Row i has the vectors i · keyVectors … */
export function multiplyQueriesAndKeys(options: AttentionOptions): string {
  const { rows } = options;
  const { queries, keyVectors, across, threads } = divisionOf(options);
  const vectors = range(keyVectors);
  return `      // Key 4 a + j stands at 16 j + a, so that neighbours read neighbours.
      var logits = array<vec4f, ${queries * keyVectors}>();
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
        for (var s = lane; s < ${TILE_KEYS * DEPTH}u; s += ${threads}u) {
          let key = s / ${DEPTH}u;
          let vector = start + s % ${DEPTH}u;
          var value = vec4f();
          if (vector < headVectors) { value = load_k(kBase + keyRow(tile * 64u + key) * params.kToken, vector); }
          stage[(${rows}u + (key % 4u) * 16u + key / 4u) * ${PITCH}u + s % ${DEPTH}u] = value;
        }
        workgroupBarrier();
        for (var d = 0u; d < ${DEPTH}u; d++) {
${vectors
  .flatMap((h) => [
    ...four.map(
      (j) => `          let key${h}${j} = stage[(${rows + 16 * j + across * h}u + tx) * ${PITCH}u + d];`,
    ),
    // Sums of products in a row, each of which becomes one multiply–add.
    ...four.map(
      (c) => `          let keys${h}${c} = vec4f(${four.map((j) => `key${h}${j}[${c}]`).join(', ')});`,
    ),
  ])
  .join('\n')}
${unrolled(
  queries,
  (i) => `          let query = stage[(ty * ${queries}u + ${i}u) * ${PITCH}u + d];
${vectors
  .flatMap((h) => four.map((c) => `          logits[${i * keyVectors + h}] += query[${c}] * keys${h}${c};`))
  .join('\n')}`,
)}
        }
      }`;
}

/** `logits` as they count, and `tileGreatest`, the greatest of this invocation's. */
export function finishLogits(options: AttentionOptions, source: TileSource): string {
  const { queries, keyVectors, across } = divisionOf(options);
  return `      // What is hidden is −∞, whatever it was.
      var tileGreatest = rowsOf(LOWEST);
${unrolled(queries * keyVectors, (at) => {
  const [i, h] = [Math.floor(at / keyVectors), at % keyVectors];
  return `        var row = logits[${at}] * params.scale;
        let keys = tx + ${across * h}u;
${source.seen(i)}
        for (var j = 0u; j < 4u; j++) {
          var value = row[j];
${source.logit(i)}
          let isSeen = ((bits >> j) & 1u) == 1u;
          // A logit of ∞ has no softmax either.
          if (isSeen && isOdd(value) && bitcast<u32>(value) != 0xff800000u) { nanRows |= ${1 << i}u; }
          if (!isSeen || isOdd(value)) { value = minusInfinity(); }
          row[j] = value;
          if (value > ${ofRow('tileGreatest', i)}) { ${ofRow('tileGreatest', i)} = value; }
        }
        logits[${at}] = row;`;
})}`;
}
