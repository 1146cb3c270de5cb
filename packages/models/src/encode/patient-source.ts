/** Takes inputs from a source one by one, and says when the next one takes long. */
import { clock, untilAborted, type Timer } from '@attn/core/backend';

/** Anything that inputs can be taken from. */
export type Source<T> = Iterable<T> | AsyncIterable<T>;

/** Milliseconds, or what is waited for beside the source. */
export type Patience = number | Promise<unknown>;

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
   * The next input; undefined at the end, and where the source takes longer than `patience`, in milliseconds
   * or until a promise settles: the same input is then the next one again. Errors: those of the source.
   */
  async next(patience: Patience = Infinity): Promise<{ readonly input: T } | undefined> {
    this.pending ??= this.ask();
    if (patience !== Infinity && (await isSlow(this.pending, patience))) return undefined;
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
    patience?: Patience,
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

/** Whether a promise takes longer than somebody's patience. */
async function isSlow(next: Promise<unknown>, patience: Patience): Promise<boolean> {
  const isThere = (): boolean => false;
  const isOver = (): boolean => true;
  const arrival = next.then(isThere, isThere);
  if (typeof patience === 'object') return Promise.race([arrival, patience.then(isOver, isOver)]);
  let timer: Timer | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = clock.setTimeout(() => resolve(true), patience);
  });
  const answer = await Promise.race([arrival, timeout]);
  clock.clearTimeout(timer);
  return answer;
}
