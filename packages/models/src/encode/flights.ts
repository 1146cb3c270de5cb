/** Work that is under way at the same time. Its results are taken in the order in which it began. */
export class Flights<R> {
  private readonly controller = new AbortController();
  private readonly signal: AbortSignal | undefined;
  private readonly flights: Promise<R>[] = [];

  /** @param signal its abort is that of all the work */
  constructor(signal: AbortSignal | undefined) {
    this.signal = signal;
    if (signal?.aborted) this.abort();
    else signal?.addEventListener('abort', this.abort, { once: true });
  }

  /** How many results nobody has taken. */
  get size(): number {
    return this.flights.length;
  }

  /** The next result; undefined where no work is under way. */
  get first(): Promise<R> | undefined {
    return this.flights.at(0);
  }

  /** Begins work, which should end soon when its signal is aborted. */
  start(work: (signal: AbortSignal) => Promise<R>): void {
    const flight = work(this.controller.signal);
    flight.catch(() => {}); // whoever takes the result sees the error
    this.flights.push(flight);
  }

  /** Takes the next result, if there is one. Errors: that of its work. */
  async take(): Promise<R | undefined> {
    return this.flights.shift();
  }

  /** Aborts the work whose results nobody has taken, and waits for its end. */
  async end(): Promise<void> {
    this.signal?.removeEventListener('abort', this.abort);
    this.controller.abort();
    await Promise.allSettled(this.flights.splice(0));
  }

  private readonly abort = (): void => this.controller.abort(this.signal?.reason);
}
