/**
 * Divides heads into batches that need no more than a few megabytes at a time. Query heads that share keys
 * and values are in one batch where possible, so that these are copied and packed once.
 */
import { kvHeadOf, type AttentionProblem } from '@attn/core/backend';

/** The most bytes of q, k, v and out of a batch. */
const BATCH_BYTES = 8 * 2 ** 20;

/** A head with keys and values. */
export interface KeyOwner {
  readonly batchRow: number;
  readonly kvHead: number;
}

/** A query head. */
export interface Member {
  readonly batchRow: number;
  readonly head: number;
  /** Index of the batch's owner that has its keys and values. */
  readonly owner: number;
}

/** Heads that are in memory at the same time. */
export interface HeadBatch {
  readonly members: readonly Member[];
  readonly owners: readonly KeyOwner[];
}

/**
 * The batches of a group's heads. A batch has as many heads as fit into `most` bytes, and at least one.
 */
export function headBatches(
  problem: AttentionProblem,
  heads: Int32Array,
  most: number = BATCH_BYTES,
): HeadBatch[] {
  const { queryLength, keyLength, headDim, valueDim } = problem;
  const rowBytes = 4 * (headDim + valueDim);
  const [memberBytes, ownerBytes] = [rowBytes * queryLength, rowBytes * keyLength];
  const batches: { members: Member[]; owners: KeyOwner[]; ownerOf: Map<number, number> }[] = [];
  for (const index of heads) {
    const batchRow = Math.floor(index / problem.heads);
    const head = index % problem.heads;
    const kvHead = kvHeadOf(problem, head);
    const key = batchRow * problem.kvHeads + kvHead;
    let batch = batches.at(-1);
    const queries = memberBytes * ((batch?.members.length ?? 0) + 1);
    const hasOwner = batch?.ownerOf.has(key) ?? false;
    const keys = hasOwner ? 0 : ownerBytes * ((batch?.owners.length ?? 0) + 1);
    if (batch === undefined || queries + keys > most) {
      batch = { members: [], owners: [], ownerOf: new Map() };
      batches.push(batch);
    }
    const owner = batch.ownerOf.get(key) ?? batch.owners.length;
    if (owner === batch.owners.length) batch.owners.push({ batchRow, kvHead });
    batch.ownerOf.set(key, owner);
    batch.members.push({ batchRow, head, owner });
  }
  return batches;
}

/** Whether the calling thread copies for other batches while helpers compute one. */
export function overlapsCopies(batches: readonly HeadBatch[], threads: number): boolean {
  return threads > 1 && batches.length > 1;
}
