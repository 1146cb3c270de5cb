/**
 * A helper that starts before the first job, to learn whether helpers start at all: a browser says so by an
 * event, or never. The crew then takes it over.
 */
import { clock, type Timer } from '@attn/core/backend';
import type { StartThread, Thread, ThreadEvents } from './threads.ts';

export class FirstHelper {
  private readonly startThread: StartThread;
  private attempt: Promise<string | undefined> | undefined;
  /** A helper that is ready and that no crew has taken yet. */
  private spare: Thread | undefined;
  private owner: ThreadEvents | undefined;

  constructor(startThread: StartThread) {
    this.startThread = startThread;
  }

  /**
   * Why no helper starts, or undefined when one has started, after `timeoutMs` milliseconds at the latest.
   * Tries once; later calls get the same answer.
   */
  whyNot(timeoutMs: number): Promise<string | undefined> {
    this.attempt ??= this.try(timeoutMs);
    return this.attempt;
  }

  /** Hands over the spare helper, or starts another. */
  readonly start: StartThread = (events) => {
    const { spare } = this;
    if (spare === undefined) return this.startThread(events);
    this.spare = undefined;
    this.owner = events;
    return spare;
  };

  /** Ends the spare helper. */
  async dispose(): Promise<void> {
    await this.spare?.terminate();
    this.spare = undefined;
  }

  private async try(timeoutMs: number): Promise<string | undefined> {
    let timer: Timer | undefined;
    let thread: Thread | undefined;
    try {
      const reason = await new Promise<string | undefined>((resolve) => {
        timer = clock.setTimeout(() => resolve(`none was ready after ${timeoutMs / 1000} s`), timeoutMs);
        thread = this.startThread({
          onMessage: () => resolve(undefined),
          onDeath: (death) => {
            resolve(death);
            this.spare = undefined;
            this.owner?.onDeath(death);
          },
        });
      });
      if (reason === undefined) this.spare = thread;
      else await thread?.terminate();
      return reason;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      clock.clearTimeout(timer);
    }
  }
}
