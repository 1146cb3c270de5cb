/** How many tokens of a call's texts are done. A text that ends early is done at once. */
import type { EncodeProgress } from '../encode/options.ts';

/** Reports progress in tokens. */
export class TokenProgress {
  /** Most new tokens of each text, and how many are done. */
  private readonly most: readonly number[];
  private readonly done: number[];
  private readonly total: number;
  private readonly onProgress: ((progress: EncodeProgress) => void) | undefined;
  private reported = -1;

  /** `most` are the most new tokens of each text. */
  constructor(most: readonly number[], onProgress: ((progress: EncodeProgress) => void) | undefined) {
    this.most = most;
    this.done = most.map(() => 0);
    this.total = most.reduce((sum, tokens) => sum + tokens, 0);
    this.onProgress = onProgress;
    this.report();
  }

  /** A step of these texts is done. */
  step(texts: readonly number[]): void {
    for (const text of texts) this.done[text] = Math.min(this.done[text] + 1, this.most[text]);
    this.report();
  }

  /** These texts have ended. */
  end(texts: readonly number[]): void {
    for (const text of texts) this.done[text] = this.most[text];
    this.report();
  }

  private report(): void {
    const done = this.done.reduce((sum, tokens) => sum + tokens, 0);
    if (this.total === 0 || done === this.reported) return;
    this.reported = done;
    this.onProgress?.({ done, total: this.total, unit: 'tokens' });
  }
}
