/**
 * A helper that is started ahead of the first job, to learn whether helpers start here: a browser says so by
 * an event, or not at all. The crew then takes it over.
 */
import { clock, type Timer } from '@attn/core/backend';
import type { StartThread, Thread, ThreadEvents } from './threads.ts';

export class FirstHelper {
  private readonly startThread: StartThread;
  private trying: Promise<string | undefined> | undefined;
  /** Ready, and nobody's yet. */
  private spare: Thread | undefined;
  private owner: ThreadEvents | undefined;

  constructor(startThread: StartThread) {
    this.startThread = startThread;
  }

  /** Why no helper starts, at the latest after so many milliseconds; undefined when one has. Tried once. */
  whyNot(mostMs: number): Promise<string | undefined> {
    this.trying ??= this.try(mostMs);
    return this.trying;
  }

  /** Starts a helper, or gives the one that was tried. */
  readonly start: StartThread = (events) => {
    const { spare } = this;
    if (spare === undefined) return this.startThread(events);
    this.spare = undefined;
    this.owner = events;
    return spare;
  };

  /** Ends the helper that nobody took. */
  async dispose(): Promise<void> {
    await this.spare?.terminate();
    this.spare = undefined;
  }

  private async try(mostMs: number): Promise<string | undefined> {
    let timer: Timer | undefined;
    let thread: Thread | undefined;
    try {
      const reason = await new Promise<string | undefined>((resolve) => {
        timer = clock.setTimeout(() => resolve(`none was ready after ${mostMs / 1000} s`), mostMs);
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
