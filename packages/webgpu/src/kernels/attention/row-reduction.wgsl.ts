/**
 * Figures of a row of a tile that its 16 invocations combine, by subgroup operations and through shared
 * memory.
 */
import { SHUFFLE_STEPS } from '../subgroups.ts';
import { when, wgsl } from '../template.ts';

/** One reduction. */
export interface RowReduction {
  readonly name: string;
  /** Whether invocations exchange figures by subgroup operations as far as subgroups reach. */
  readonly subgroups: boolean;
  /** Two figures combined, as WGSL. */
  combine(a: string, b: string): string;
}

/**
 * A function that combines what the 16 invocations of a row have for each of their 4 rows, and gives the
 * result to all of them. It takes what the invocation has, its index, and how many consecutive invocations
 * subgroups combine. Rows that subgroups do not cover pass through the shared array `weights`, whose contents
 * are lost.
 */
export function rowReduction({ name, subgroups, combine }: RowReduction): string {
  const shuffles = SHUFFLE_STEPS.filter((step) => step < 16).map(
    (step) => `if (reach > ${step}u) { rows = ${combine('rows', `subgroupShuffleXor(rows, ${step}u)`)}; }`,
  );
  return wgsl`
    fn ${name}(mine: vec4f, lane: u32, reach: u32) -> vec4f {
      var rows = mine;
      ${when(subgroups, [...shuffles, 'if (reach >= 16u) { return rows; }'].join('\n'))}
      weights[lane] = rows;
      workgroupBarrier();
      let first = lane - lane % 16u;
      rows = weights[first];
      for (var other = reach; other < 16u; other += reach) { rows = ${combine('rows', 'weights[first + other]')}; }
      workgroupBarrier();
      return rows;
    }`;
}
