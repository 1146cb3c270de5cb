/**
 * Checks a plan cell by cell against the pattern's definition: every allowed pair
 * is computed exactly once, no other pair is computed, and the structure is as
 * kernels expect it. It is slow and simple, because the trust in plans rests on it.
 */
import { type AttentionPlan, type Tensor } from '@attn/core';
import {
  attentionProblem,
  effectivePattern,
  forEachSpan,
  forEachTile,
  MASK_WORDS,
  maskAllows,
  patternData,
  PlanCache,
  TILE,
  type AttentionAttributes,
  type BlockPlan,
} from '@attn/core/backend';

/**
 * What is wrong with core's plan for an attention call, or undefined.
 *
 * @example
 * expect(planProblem(inputs, { pattern })).toBeUndefined();
 */
export function planProblem(
  inputs: Readonly<Record<string, Tensor>>,
  attributes: AttentionAttributes,
): string | undefined {
  const { batch, heads, queryLength, keyLength, queryOffset } = attentionProblem(inputs, attributes);
  const { plan } = new PlanCache().plan(inputs, attributes, inputs);
  for (const { block } of plan.groups) {
    const problem = structureProblem(block);
    if (problem) return problem;
  }
  const pattern = effectivePattern(attributes, Object.keys(inputs)).bind(
    patternData(inputs, { queryOffset }),
  );
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const globals = new Set(pattern.globals(b, h));
      const counts = {
        local: new Uint8Array(queryLength * keyLength),
        global: new Uint8Array(queryLength * keyLength),
      };
      expand(plan, b * heads + h, keyLength, counts);
      for (let i = 0; i < queryLength; i++) {
        for (let j = 0; j < keyLength; j++) {
          const isHidden =
            inputs.queryMask?.data[b * queryLength + i] === 0 ||
            inputs.keyMask?.data[b * keyLength + j] === 0;
          const expectedCount = !isHidden && pattern.allows(b, h, i + queryOffset, j) ? 1 : 0;
          const isGlobal = inputs.qGlobal !== undefined && globals.has(i + queryOffset);
          const [own, other] = isGlobal ? [counts.global, counts.local] : [counts.local, counts.global];
          const at = i * keyLength + j;
          if (own[at] === expectedCount && other[at] === 0) continue;
          const where = `batch row ${b}, head ${h}, query ${i}, key ${j}`;
          return `${where}: expected to be computed ${expectedCount} times, got ${own[at]} (and ${other[at]} times by the wrong projection)`;
        }
      }
    }
  }
  return undefined;
}

/** Counts how often each pair of one batch row and head is computed as visible, by projection. */
function expand(
  plan: AttentionPlan,
  member: number,
  keyLength: number,
  counts: Readonly<Record<'local' | 'global', Uint8Array>>,
): void {
  for (const { block, members, projection } of plan.groups) {
    if (!members.includes(member)) continue;
    const { rowStart, masks, queryCount, keyCount, queryIndex, keyIndex } = block;
    for (let rowBlock = 0; rowBlock + 1 < rowStart.length; rowBlock++) {
      forEachTile(block, rowBlock, (column, mask) => {
        const keysTo = Math.min(keyCount, (column + 1) * TILE);
        for (let row = rowBlock * TILE; row < Math.min(queryCount, rowBlock * TILE + TILE); row++) {
          for (let key = column * TILE; key < keysTo; key++) {
            if (mask !== undefined && !maskAllows(masks, mask, row % TILE, key % TILE)) continue;
            counts[projection][(queryIndex?.[row] ?? row) * keyLength + (keyIndex?.[key] ?? key)] += 1;
          }
        }
      });
    }
  }
}

/** The first violation of the promises of `BlockPlan`, or undefined. */
function structureProblem(block: BlockPlan): string | undefined {
  const { rowStart, masks, queryCount, keyCount, queryIndex, keyIndex } = block;
  if (rowStart.length !== Math.ceil(queryCount / TILE) + 1)
    return `expected a row block per ${TILE} of ${queryCount} queries`;
  for (const [name, index] of Object.entries({ queryIndex, keyIndex })) {
    if (index && new Set(index).size !== index.length) return `${name} lists a position twice`;
  }
  for (let rowBlock = 0; rowBlock + 1 < rowStart.length; rowBlock++) {
    let end = 0;
    let problem: string | undefined;
    forEachSpan(block, rowBlock, (column, tiles, mask) => {
      if (column < end || tiles < 1) problem ??= `spans of row block ${rowBlock} overlap or are empty`;
      end = column + tiles;
      if (end > Math.ceil(keyCount / TILE))
        problem ??= `a span of row block ${rowBlock} exceeds the ${keyCount} keys`;
      const isRagged = end * TILE > keyCount;
      if (isRagged && mask === undefined)
        problem ??= `the last column of row block ${rowBlock} is ragged but has no mask`;
    });
    if (problem !== undefined) return problem;
  }
  const texts = new Set<string>();
  for (let mask = 0; mask < masks.length / MASK_WORDS; mask++) {
    texts.add(masks.subarray(mask * MASK_WORDS, (mask + 1) * MASK_WORDS).join());
  }
  return texts.size === masks.length / MASK_WORDS ? undefined : 'two masks are equal';
}
