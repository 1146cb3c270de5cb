/**
 * Remembers which order was chosen for a pattern, not the order itself: several backends plan the same call,
 * and plans that were forgotten are made again.
 */
import type { Steps } from '../async/steps.ts';
import { LruMap } from '../util/lru.ts';
import { arrange, type Choice, type Rows } from './arrangement.ts';
import type { HeadPattern } from './coverage.ts';

/** The choices that were made, by pattern and rows. */
export class OrderMemory {
  readonly #choices = new LruMap<Omit<Choice, 'arrangement'>>(256);

  /**
   * The cheapest arrangement for a head, from memory where an equal pattern had equal rows. `key` is that of
   * a pattern that needs no data of a call.
   */
  *arrange(headPattern: HeadPattern, rows: Rows, options: MemoryOptions): Steps<Choice> {
    const { separateGlobals, key } = options;
    const { queryLength, keyLength, queryOffset } = rows;
    const variant = headPattern.pattern.variant(headPattern.batchRow, headPattern.head);
    const name = [key, variant, queryLength, keyLength, queryOffset, separateGlobals].join('|');
    const earlier = this.#choices.get(name);
    const { arrangement, ...choice } = yield* arrange(headPattern, rows, { separateGlobals, earlier });
    if (earlier === undefined && choice.tried.length > 0) this.#choices.set(name, choice);
    return { arrangement, ...choice };
  }
}

/** What a choice depends on, beside pattern and rows. */
interface MemoryOptions {
  readonly separateGlobals: boolean;
  readonly key: string;
}
