/** Which keys of a step its queries do not see, and in how many rounds each pair meets. */
import type { LshProblem } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { StepBlocks, StepContext } from './step-context.ts';
import type { GroupTables } from './tables.ts';

/** The number of a chunk that is far from all others. */
const FAR = -(2 ** 30);

/** Adds [G, rows, K · chunkLength] bool: the pairs that are hidden. */
export function emitHiddenPairs(
  body: GraphScope,
  { problem, plan, tables }: StepContext,
  step: StepBlocks,
): Name {
  const { causal, withinBuckets, duplicates, rounds } = problem;
  const { model } = body;
  const { keyRows } = tables;
  const keys = asRow(body, keyRows === undefined ? step.keys : body.op('Gather', [keyRows, step.keys]));
  const queries = asColumn(body, step.queries);
  const hidden = [body.op(causal ? 'GreaterOrEqual' : 'Equal', [keys, queries])];
  if (keyRows !== undefined && !causal) hidden.push(body.op('Less', [keys, model.scalar(0, 'i32')]));
  if (withinBuckets && tables.placeBuckets !== undefined) {
    const own = body.op('Gather', [body.reshape(tables.placeBuckets, [-1]), step.places]);
    const others = body.reshape(
      body.op('Gather', [tables.placeBuckets, step.near]),
      [0, plan.reach * plan.chunkLength],
      { zeroKeepsExtent: true },
    );
    hidden.push(body.op('Not', [body.op('Equal', [asRow(body, others), asColumn(body, own)])]));
  }
  if (duplicates === 'once') {
    for (let round = 0; round < rounds - 1; round++) hidden.push(emitMet(body, problem, tables, step, round));
  }
  return hidden.reduce((all, part) => body.op('Or', [all, part]));
}

/**
 * Adds [G, rows, K · chunkLength] bool: whether a pair met in `round`, if that is earlier than the step's
 * round.
 */
function emitMet(
  body: GraphScope,
  { chunksBefore, chunksAfter, withinBuckets }: LshProblem,
  { chunkOf, bucketOf }: GroupTables,
  { queries, keys, rounds }: StepBlocks,
  round: number,
): Name {
  const { model } = body;
  const int = (value: number): Name => model.scalar(value, 'i32');
  const isEarlier = body.op('Greater', [rounds, int(round)]);
  const own = asColumn(
    body,
    body.op('Where', [isEarlier, body.op('Gather', [chunkOf[round], queries]), int(FAR)]),
  );
  const theirs = asRow(body, body.op('Gather', [chunkOf[round], keys]));
  const [most, least] = [int(chunksAfter), int(chunksBefore)];
  const met = body.op('And', [
    body.op('LessOrEqual', [theirs, body.op('Add', [own, most])]),
    body.op('GreaterOrEqual', [theirs, body.op('Sub', [own, least])]),
  ]);
  return withinBuckets ? body.op('And', [met, emitSameBucket(body, bucketOf[round], queries, keys)]) : met;
}

/**
 * Adds [G, rows, K · chunkLength]: lucidrains' count of each pair plus 1e-9, whose logarithm is subtracted
 * from the logit. The count is the number of rounds and offsets for which the key's chunk is the query's
 * chunk, moved by the offset in the cycle of all rounds.
 */
export function emitCounts(
  body: GraphScope,
  { rounds, chunks, chunksBefore, chunksAfter, withinBuckets }: LshProblem,
  { chunkOf, bucketOf }: GroupTables,
  { queries, keys }: StepBlocks,
): Name {
  const { model } = body;
  /**
   * For each distance in chunks from query to key, from 1 − chunks on: the number of offsets that lead
   * there.
   */
  const times = new Float32Array(2 * chunks - 1);
  const cycle = rounds * chunks;
  for (let offset = -chunksBefore; offset <= chunksAfter; offset++) {
    const ahead = ((offset % cycle) + cycle) % cycle;
    if (ahead < chunks) times[ahead + chunks - 1] += 1;
    if (ahead > cycle - chunks) times[ahead - cycle + chunks - 1] += 1;
  }
  const table = model.tensor('times', { dtype: 'f32', shape: [times.length], data: times });
  const counts = Array.from({ length: rounds }, (_, round) => {
    const theirs = asRow(body, body.op('Gather', [chunkOf[round], keys]));
    const own = body.op('Sub', [
      body.op('Gather', [chunkOf[round], queries]),
      model.scalar(chunks - 1, 'i32'),
    ]);
    const count = body.op('Gather', [table, body.op('Sub', [theirs, asColumn(body, own)])]);
    if (!withinBuckets) return count;
    const isSameBucket = emitSameBucket(body, bucketOf[round], queries, keys);
    return body.op('Where', [isSameBucket, count, model.scalar(0)]);
  });
  return counts.reduce((sum, count) => body.op('Add', [sum, count]), model.scalar(1e-9));
}

function emitSameBucket(body: GraphScope, buckets: Name, queries: Name, keys: Name): Name {
  const own = asColumn(body, body.op('Gather', [buckets, queries]));
  return body.op('Equal', [asRow(body, body.op('Gather', [buckets, keys])), own]);
}

function asColumn(body: GraphScope, name: Name): Name {
  return body.op('Unsqueeze', [name, body.model.integers([2])]);
}

function asRow(body: GraphScope, name: Name): Name {
  return body.op('Unsqueeze', [name, body.model.integers([1])]);
}
