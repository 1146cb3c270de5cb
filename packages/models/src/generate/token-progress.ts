/** How many tokens of a call's texts are done. A text that ends early is done at once. */
import type { EncodeProgress } from '../encode/options.ts';

/** Reports progress in tokens. */
export class TokenProgress {
  /** Tokens before each text, and of all. */
  private readonly before: readonly number[];
  private readonly onProgress: ((progress: EncodeProgress) => void) | undefined;
  private done = 0;
  private reported = -1;

  /** `most` are the most new tokens of each text. */
  constructor(most: readonly number[], onProgress: ((progress: EncodeProgress) => void) | undefined) {
    let sum = 0;
    this.before = [0, ...most.map((tokens) => (sum += tokens))];
    this.onProgress = onProgress;
  }

  /** A text begins; those before it have ended. */
  begin(input: number): void {
    this.done = this.before[input];
    this.report();
  }

  /** A step is done. */
  step(): void {
    this.done += 1;
    this.report();
  }

  private report(): void {
    const total = this.before[this.before.length - 1];
    if (total === 0 || this.done === this.reported) return;
    this.reported = this.done;
    this.onProgress?.({ done: this.done, total, unit: 'tokens' });
  }
}
