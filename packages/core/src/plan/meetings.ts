/**
 * In which rounds of LSH two tokens meet: what it takes to count a pair once, or by lucidrains' logarithm.
 */
import type { LshProblem } from '../ops/lsh-attention/spec.ts';
import type { ChunkData } from './chunk-plan.ts';

/** The chunks and buckets of the tokens of one head. */
export class Meetings {
  private readonly problem: LshProblem;
  /** [R, N]: the chunk of each token in each round, counted within the round. */
  private chunkOf: Int32Array = new Int32Array(0);
  private buckets: ArrayLike<number> | undefined;

  constructor(problem: LshProblem) {
    this.problem = problem;
  }

  /** Turns to a head. */
  use({ order, buckets }: ChunkData): void {
    const { rounds, length, chunkLength, withinBuckets } = this.problem;
    this.buckets = withinBuckets ? buckets : undefined;
    this.chunkOf = new Int32Array(rounds * length);
    for (let r = 0; r < rounds; r++) {
      for (let place = 0; place < length; place++) {
        this.chunkOf[r * length + order[r * length + place]] = Math.floor(place / chunkLength);
      }
    }
  }

  /** Whether the pair meets in a round before this one, where rounds have ends. */
  metBefore(query: number, key: number, round: number): boolean {
    const { length, chunksBefore, chunksAfter } = this.problem;
    for (let r = 0; r < round; r++) {
      const back = this.chunkOf[r * length + query] - this.chunkOf[r * length + key];
      if (back <= chunksBefore && -back <= chunksAfter && this.sameBucket(query, key, r)) return true;
    }
    return false;
  }

  /**
   * lucidrains' count: in how many rounds the key's chunk is the query's or a neighbour of it that it looks
   * at, as the cycle has it.
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
