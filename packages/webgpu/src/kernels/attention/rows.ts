/**
 * Figures of an invocation's rows, as a vector of 4 rows, and what the invocations that share a row make of theirs together: by subgroup
 * operations as far as subgroups reach, and through shared memory for the rest. Subgroups of any size do.
 */
import { DECLARE_SUBGROUP_REACH, SHUFFLE_STEPS } from '../subgroups.ts';
import { ACROSS, type AttentionOptions } from './options.ts';

/** Declares the reductions `greatestOfRow` and `sumOfRow`, which every invocation gets the results of. */
export function declareRows({ subgroups }: AttentionOptions): string {
  const reduction = (name: string, combine: (a: string, b: string) => string): string => `
fn ${name}(mine: vec4f, lane: u32, reach: u32) -> vec4f {
  var rows = mine;
${subgroups ? shuffles(combine) : ''}  weights[lane] = rows;
  workgroupBarrier();
  let first = lane - lane % ${ACROSS}u;
  rows = weights[first];
  for (var x = reach; x < ${ACROSS}u; x += reach) { rows = ${combine('rows', 'weights[first + x]')}; }
  workgroupBarrier();
  return rows;
}`;
  return `${subgroups ? DECLARE_SUBGROUP_REACH : ''}${reduction('greatestOfRow', (a, b) => `max(${a}, ${b})`)}${reduction('sumOfRow', (a, b) => `${a} + ${b}`)}`;
}

function shuffles(combine: (a: string, b: string) => string): string {
  const steps = SHUFFLE_STEPS.filter((step) => step < ACROSS).map(
    (step) => `  if (reach > ${step}u) { rows = ${combine('rows', `subgroupShuffleXor(rows, ${step}u)`)}; }`,
  );
  return `${steps.join('\n')}\n  if (reach >= ${ACROSS}u) { return rows; }\n`;
}
