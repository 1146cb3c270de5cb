/** Runs of an executable share its memory, so they take turns. A run that is aborted stops waiting. */
import { untilAborted } from './until-aborted.ts';

/** Runs tasks one after another, in the order of their calls. A task that fails does not stop the next. */
export class RunQueue {
  private tail: Promise<unknown> = Promise.resolve();
  private unfinished = 0;
  private readonly onIdle: () => void;

  /** @param onIdle called whenever the last task ends */
  constructor(onIdle: () => void = () => {}) {
    this.onIdle = onIdle;
  }

  /** Whether no task is running or waiting. */
  get isIdle(): boolean {
    return this.unfinished === 0;
  }

  /** Runs a task after all earlier ones. Rejects with `ABORTED` when a waiting task is aborted. */
  run<T>(task: () => Promise<T>, signal: AbortSignal | undefined, where: string): Promise<T> {
    const earlier = this.tail;
    const result = untilAborted(earlier, signal, where).then(task);
    this.unfinished += 1;
    this.tail = Promise.allSettled([earlier, result]).then(() => {
      this.unfinished -= 1;
      if (this.unfinished === 0) this.onIdle();
    });
    return result;
  }
}
