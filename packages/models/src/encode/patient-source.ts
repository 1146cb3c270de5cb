/** Takes inputs from a source one by one, and says when the next one takes long. */
import { clock, untilAborted, type Timer } from '@attn/core/backend';

/** Anything that inputs can be taken from. */
export type Source<T> = Iterable<T> | AsyncIterable<T>;

/** The inputs of a source. Nothing is taken before it is asked for. */
export class PatientSource<T> {
  /** Whether the source has ended, or failed. */
  isOver = false;
  private readonly iterator: Iterator<T> | AsyncIterator<T>;
  private pending: Promise<IteratorResult<T>> | undefined;

  constructor(inputs: Source<T>) {
    this.iterator =
      Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  }

  /**
   * The next input; undefined at the end, and where the source takes longer than `patience` milliseconds: the
   * same input is then the next one again. Errors: those of the source.
   */
  async next(patience: number = Infinity): Promise<{ readonly input: T } | undefined> {
    this.pending ??= this.ask();
    if (patience < Infinity && (await isSlow(this.pending, patience))) return undefined;
    try {
      const { done, value } = await this.pending;
      if (done) this.isOver = true;
      return done ? undefined : { input: value };
    } catch (error) {
      this.isOver = true; // a source that fails is at its end
      throw error;
    } finally {
      this.pending = undefined;
    }
  }

  /** The next input, as `next` gives it; rejects with `ABORTED` when the signal is aborted. */
  nextUntil(
    signal: AbortSignal | undefined,
    where: string,
    patience?: number,
  ): Promise<{ readonly input: T } | undefined> {
    return untilAborted(this.next(patience), signal, where);
  }

  /** Closes a source that is not at its end. It waits for that, unless the source itself is waiting. */
  async close(): Promise<void> {
    const closing = this.isOver ? undefined : this.iterator.return?.();
    if (this.pending === undefined) await closing;
  }

  private ask(): Promise<IteratorResult<T>> {
    const next = (async () => this.iterator.next())();
    next.catch(() => {}); // it rejects for the one who asks next, maybe much later
    return next;
  }
}

/** Whether a promise takes longer than so many milliseconds. */
async function isSlow(next: Promise<unknown>, patience: number): Promise<boolean> {
  let timer: Timer | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = clock.setTimeout(() => resolve(true), patience);
  });
  const isThere = (): boolean => false;
  const answer = await Promise.race([next.then(isThere, isThere), timeout]);
  clock.clearTimeout(timer);
  return answer;
}
