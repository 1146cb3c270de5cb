/** A network for tests of searches, of which nothing must be computed. */
import type { BestShape } from '../model.ts';
import { ENDED, type Decoder } from './decoder.ts';
import type { BestLogits, StepLogits } from './step-logits.ts';

/** A network whose logits follow from the tokens of a row, and that checks how it is asked. */
export class HashedDecoder implements Decoder {
  readonly backends = new Set<string>();
  readonly vocabSize: number;
  steps = 0;
  private readonly salt: number;
  private readonly best: BestShape | undefined;
  private rows: readonly (readonly number[])[] = [];

  /** With `best`, it gives the best logits alone. */
  constructor(vocabSize: number, salt: number, best?: BestShape) {
    this.vocabSize = vocabSize;
    this.salt = salt;
    this.best = best;
  }

  async start(prompts: readonly (readonly number[])[]): Promise<StepLogits> {
    this.rows = prompts;
    return this.all();
  }

  async step(tokens: Int32Array, sources: Int32Array): Promise<StepLogits> {
    this.rows = Array.from(tokens, (token, i) =>
      token === ENDED ? this.rows[sources[i]] : [...this.rows[sources[i]], token],
    );
    return this.all();
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  logits(row: readonly number[]): Float32Array {
    let hash = this.salt;
    for (const id of row) hash = Math.imul(hash ^ (id + 1), 0x9e3779b1) ^ (hash >>> 13);
    return Float32Array.from({ length: this.vocabSize }, (_, id) => {
      const mixed = Math.imul(hash ^ Math.imul(id + 7, 0x85ebca6b), 0xc2b2ae35);
      return ((mixed >>> 8) % 2000) / 400;
    });
  }

  private all(): StepLogits {
    this.steps += 1;
    const logits = new Float32Array(this.rows.length * this.vocabSize);
    for (const [i, row] of this.rows.entries()) logits.set(this.logits(row), i * this.vocabSize);
    return this.best === undefined ? logits : bestOf(logits, this.rows.length, this.best);
  }
}

/** The best logits of rows, by JavaScript's own sort. */
function bestOf(all: Float32Array, rows: number, { count, sums }: BestShape): BestLogits {
  const words = all.length / rows;
  const sorted = Array.from({ length: rows }, (_, row) =>
    Array.from(all.subarray(row * words, (row + 1) * words), (logit, id) => ({ logit, id })).toSorted(
      (a, b) => b.logit - a.logit || a.id - b.id,
    ),
  );
  const best = sorted.flatMap((row) => row.slice(0, count));
  return {
    logits: Float32Array.from(best, ({ logit }) => logit),
    ids: Int32Array.from(best, ({ id }) => id),
    sums: Float32Array.from(sums ? sorted : [], (row) =>
      row.reduce((sum, { logit }) => sum + Math.exp(logit - row[0].logit), 0),
    ),
  };
}
