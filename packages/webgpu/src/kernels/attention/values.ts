/** The weighted sum of a tile's values. */
import { four, range, unrolled } from '../wgsl.ts';
import {
  ACROSS,
  QUERIES,
  threadsOf,
  TILE_KEYS,
  valuePitch,
  valueRows,
  type AttentionOptions,
} from './options.ts';

/** Adds `weights` · values to `sums`. Where values are anything but numbers, keys that a row does not see are left out. */
export function addValues(options: AttentionOptions): string {
  const threads = threadsOf(options);
  const valueDepth = valueRows(options);
  const pitch = valuePitch(options);
  return `      // The weighted sum of the values.
      for (var start = 0u; start < ${TILE_KEYS}u; start += ${valueDepth}u) {
        workgroupBarrier();
        for (var s = lane; s < ${valueDepth * pitch}u; s += ${threads}u) {
          // Columns behind the last are computed from the last and go nowhere.
          let vector = min(s % ${pitch}u, valueVectors - 1u);
          let value = load_v(vBase + keyRow(tile * 64u + start + s / ${pitch}u) * params.vToken, vector);
          stage[s] = value;
          if (anyOdd(value)) { atomicStore(&oddValues, 1u); }
        }
        workgroupBarrier();
        // Once there were any, all that follow are looked at.
        let mayBeOdd = atomicLoad(&oddValues) != 0u;
        for (var key = 0u; key < ${valueDepth / 4}u; key++) {
${weightedSum(options)}
        }
      }`;
}

/** Four keys. */
function weightedSum(options: AttentionOptions): string {
  const { groups } = options;
  const pitch = valuePitch(options);
  const weights = range(QUERIES).map(
    (i) => `          let weight${i} = weights[(ty * ${QUERIES}u + ${i}u) * ${ACROSS}u + start / 4u + key];`,
  );
  const values = (g: number): string[] =>
    four.map(
      (j) => `          let value${j} = stage[key * ${4 * pitch}u + tx + ${j * pitch + ACROSS * g}u];`,
    );
  const products = (g: number, line: (sum: string, weight: string, value: string) => string): string =>
    range(QUERIES)
      .flatMap((i) => four.map((j) => line(`sums[${i * groups + g}]`, `weight${i}[${j}]`, `value${j}`)))
      .join('\n');
  return `${weights.join('\n')}
${unrolled(
  groups,
  (g) => `${values(g).join('\n')}
          if (mayBeOdd) {
${products(g, (sum, weight, value) => `            if (${weight} > 0.0) { ${sum} += ${weight} * ${value}; }`)}
          } else {
${products(g, (sum, weight, value) => `            ${sum} += ${weight} * ${value};`)}
          }`,
)}`;
}
