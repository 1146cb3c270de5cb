/** In which rounds of LSH two tokens meet: needed to count a pair once, or by lucidrains' logarithm. */
import type { LshProblem } from '../ops/lsh-attention/spec.ts';

/** The data of one head in a call of LSH attention. */
export interface ChunkData {
  /** [R, N]: the head's orders. */
  readonly order: ArrayLike<number>;
  /** [R, N], where tokens attend within buckets. */
  readonly buckets?: ArrayLike<number>;
  /** [N]: 0 hides a token. */
  readonly mask?: ArrayLike<number>;
}

/** The chunks and buckets of the tokens of one head. */
export class Meetings {
  private readonly problem: LshProblem;
  /** [R, N]: the chunk of each token in each round, counted within the round. */
  private readonly chunkOf: Int32Array;
  private readonly buckets: ArrayLike<number> | undefined;

  constructor(problem: LshProblem, { order, buckets }: ChunkData) {
    const { rounds, length, chunkLength, withinBuckets } = problem;
    this.problem = problem;
    this.buckets = withinBuckets ? buckets : undefined;
    this.chunkOf = new Int32Array(rounds * length);
    for (let r = 0; r < rounds; r++) {
      for (let place = 0; place < length; place++) {
        this.chunkOf[r * length + order[r * length + place]] = Math.floor(place / chunkLength);
      }
    }
  }

  /** Whether two tokens meet in a round before this one. Rounds have ends: they are no cycle. */
  metBefore(query: number, key: number, round: number): boolean {
    const { length, chunksBefore, chunksAfter } = this.problem;
    for (let r = 0; r < round; r++) {
      const back = this.chunkOf[r * length + query] - this.chunkOf[r * length + key];
      if (back <= chunksBefore && -back <= chunksAfter && this.sameBucket(query, key, r)) return true;
    }
    return false;
  }

  /**
   * How often lucidrains' implementation counts that two tokens meet: the rounds in which the key's chunk is
   * the query's, or a neighbour in the cycle that it looks at.
   */
  count(query: number, key: number): number {
    const { rounds, length, chunks, chunksBefore, chunksAfter } = this.problem;
    const cycle = rounds * chunks;
    let count = 0;
    for (let r = 0; r < rounds; r++) {
      if (!this.sameBucket(query, key, r)) continue;
      const ahead = this.chunkOf[r * length + key] - this.chunkOf[r * length + query];
      for (let offset = -chunksBefore; offset <= chunksAfter; offset++) {
        if ((offset - ahead) % cycle === 0) count += 1;
      }
    }
    return count;
  }

  private sameBucket(query: number, key: number, round: number): boolean {
    const { buckets } = this;
    const row = round * this.problem.length;
    return buckets === undefined || buckets[row + query] === buckets[row + key];
  }
}
