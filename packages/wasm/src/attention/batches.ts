/**
 * Heads are taken in batches, so that they need no more than a few megabytes at a time. Query heads that share keys and values come
 * together where they can, so that these are copied and packed once.
 */
import { kvHeadOf, type AttentionProblem } from '@attn/core/backend';

/** Bytes of q, k, v and out that a batch may have together. */
const BATCH_BYTES = 8 * 2 ** 20;

/** Keys and values of a head. */
export interface KeyOwner {
  readonly batchRow: number;
  readonly kvHead: number;
}

/** A query head. */
export interface Member {
  readonly batchRow: number;
  readonly head: number;
  /** Which of the batch's owners has its keys and values. */
  readonly owner: number;
}

/** What is in memory at the same time. */
export interface HeadBatch {
  readonly members: readonly Member[];
  readonly owners: readonly KeyOwner[];
}

/** Batches of a group's heads: as many as fit, or one that is longer, with those that see the same keys. */
export function headBatches(problem: AttentionProblem, heads: Int32Array): HeadBatch[] {
  const { queryLength, keyLength, headDim, valueDim } = problem;
  const rowBytes = 4 * (headDim + valueDim);
  const [memberBytes, ownerBytes] = [rowBytes * queryLength, rowBytes * keyLength];
  const batches: { members: Member[]; owners: KeyOwner[]; known: Map<number, number> }[] = [];
  for (const index of heads) {
    const batchRow = Math.floor(index / problem.heads);
    const head = index % problem.heads;
    const kvHead = kvHeadOf(problem, head);
    const key = batchRow * problem.kvHeads + kvHead;
    let batch = batches.at(-1);
    const queries = memberBytes * ((batch?.members.length ?? 0) + 1);
    const isKnown = batch?.known.has(key) ?? false;
    const keys = isKnown ? 0 : ownerBytes * ((batch?.owners.length ?? 0) + 1);
    if (batch === undefined || queries + keys > BATCH_BYTES) {
      batch = { members: [], owners: [], known: new Map() };
      batches.push(batch);
    }
    const owner = batch.known.get(key) ?? batch.owners.length;
    if (owner === batch.owners.length) batch.owners.push({ batchRow, kvHead });
    batch.known.set(key, owner);
    batch.members.push({ batchRow, head, owner });
  }
  return batches;
}

/** Whether the host copies for other batches while helpers compute one. */
export function overlapsCopies(batches: readonly HeadBatch[], threads: number): boolean {
  return threads > 1 && batches.length > 1;
}
