/** Runs of one executable share its memory, so they take turns; one that is aborted while it waits does not wait. */
import { AttnError, throwIfAborted } from '../errors.ts';

/** Tasks one after another, in the order of their calls. A task that fails does not stop the next. */
export class RunQueue {
  private tail: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private readonly onIdle: () => void;

  /** @param onIdle called whenever the last task has ended */
  constructor(onIdle: () => void = () => {}) {
    this.onIdle = onIdle;
  }

  /** True when no task is running or waiting. */
  get isIdle(): boolean {
    return this.waiting === 0;
  }

  /** Starts the task when all earlier ones have ended. Rejects with `ABORTED` as soon as a waiting task is aborted. */
  run<T>(task: () => Promise<T>, signal: AbortSignal | undefined, where: string): Promise<T> {
    let started = false;
    this.waiting += 1;
    const turn = this.tail.then(() => {
      started = true;
      throwIfAborted(signal, where);
      return task();
    });
    this.tail = turn.then(
      () => this.leave(),
      () => this.leave(),
    );
    if (signal === undefined) return turn;

    return new Promise((resolve, reject) => {
      const onAbort = () => {
        if (!started)
          reject(
            new AttnError('ABORTED', where, 'the call was aborted by its AbortSignal', {
              cause: signal.reason,
            }),
          );
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const done = () => signal.removeEventListener('abort', onAbort);
      turn.then(resolve, reject).finally(done);
    });
  }

  private leave(): void {
    this.waiting -= 1;
    if (this.waiting === 0) this.onIdle();
  }
}
