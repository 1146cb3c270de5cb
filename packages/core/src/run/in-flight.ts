/** What has been started and has not ended, for whoever must wait for it. */

/** A set of promises that leave it when they settle. */
export class InFlight {
  private readonly work = new Set<Promise<unknown>>();

  /** Adds a promise, and returns it. */
  track<T>(work: Promise<T>): Promise<T> {
    this.work.add(work);
    const forget = () => this.work.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Resolves when nothing is left, also of what was added while waiting. */
  async settled(): Promise<void> {
    while (this.work.size > 0) await Promise.allSettled(this.work);
  }
}
