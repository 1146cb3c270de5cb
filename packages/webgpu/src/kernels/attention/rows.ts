/**
 * Figures of an invocation's rows, as vectors of 4 rows, and what the invocations that share a row make of theirs together: by subgroup
 * operations as far as subgroups reach, and through shared memory for the rest. Subgroups of any size do.
 */
import { DECLARE_SUBGROUP_REACH, SHUFFLE_STEPS } from '../subgroups.ts';
import { range } from '../wgsl.ts';
import { divisionOf, type AttentionOptions } from './options.ts';

/** The figure of row `i`. */
export function ofRow(name: string, i: number): string {
  return `${name}[${i >> 2}][${i & 3}]`;
}

/** Declares `Rows`, `rowsOf`, and the reductions `greatestOfRow` and `sumOfRow`, which every invocation gets the results of. */
export function declareRows(options: AttentionOptions): string {
  const { queries, across, threads } = divisionOf(options);
  const vectors = range(queries / 4);
  const reduction = (name: string, combine: (a: string, b: string) => string): string => `
fn ${name}(mine: Rows, lane: u32, reach: u32) -> Rows {
  var rows = mine;
${options.subgroups ? shuffles(across, vectors, combine) : ''}${vectors.map((h) => `  weights[lane + ${threads * h}u] = rows[${h}];`).join('\n')}
  workgroupBarrier();
  let first = lane - lane % ${across}u;
${vectors.map((h) => `  rows[${h}] = weights[first + ${threads * h}u];`).join('\n')}
  for (var x = reach; x < ${across}u; x += reach) {
${vectors.map((h) => `    rows[${h}] = ${combine(`rows[${h}]`, `weights[first + x + ${threads * h}u]`)};`).join('\n')}
  }
  workgroupBarrier();
  return rows;
}`;
  return `
alias Rows = array<vec4f, ${vectors.length}>;
fn rowsOf(value: f32) -> Rows { return Rows(${vectors.map(() => 'vec4f(value)').join(', ')}); }
${options.subgroups ? DECLARE_SUBGROUP_REACH : ''}${reduction('greatestOfRow', (a, b) => `max(${a}, ${b})`)}${reduction('sumOfRow', (a, b) => `${a} + ${b}`)}`;
}

function shuffles(
  across: number,
  vectors: readonly number[],
  combine: (a: string, b: string) => string,
): string {
  const steps = SHUFFLE_STEPS.filter((step) => step < across).map((step) => {
    const lines = vectors.map(
      (h) => `    rows[${h}] = ${combine(`rows[${h}]`, `subgroupShuffleXor(rows[${h}], ${step}u)`)};`,
    );
    return `  if (reach > ${step}u) {\n${lines.join('\n')}\n  }`;
  });
  return `${steps.join('\n')}\n  if (reach >= ${across}u) { return rows; }\n`;
}
