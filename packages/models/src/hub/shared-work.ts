/**
 * Work that several callers want at once and that is done once. It is stopped when the last of them has
 * stopped waiting.
 */
import { AttnError, type AttnErrorCode } from '@attn/core';
import { throwIfAborted } from '@attn/core/backend';
import { WHERE } from './names.ts';

/** What a caller brings. */
export interface Sharer {
  readonly signal?: AbortSignal;
  /** Called with the number of bytes that are done. It must not throw. */
  readonly onBytes: (done: number) => void;
}

/** Does the work for all who share it. */
export type Work = (signal: AbortSignal, onBytes: (done: number) => void) => Promise<void>;

/** Codes of faults that all callers have. */
const SHARED_CODES: readonly AttnErrorCode[] = ['TIMEOUT', 'MALFORMED_FILE'];

/** Work by its name. */
export class SharedWork {
  private readonly running = new Map<string, Running>();

  /**
   * Does the work of this name, or waits for the work of this name that is under way. When that fails by a
   * fault of the caller who started it, such as a token that is refused, the work is done again.
   *
   * Errors: those of `work`; `ABORTED` when the caller's signal is aborted. The work has then ended, unless
   * others wait for it.
   */
  async join(name: string, sharer: Sharer, work: Work): Promise<void> {
    for (;;) {
      const other = this.running.get(name);
      if (other === undefined) return this.start(name, work).join(sharer);
      try {
        return await other.join(sharer);
      } catch (error) {
        throwIfAborted(sharer.signal, WHERE);
        if (error instanceof AttnError && SHARED_CODES.includes(error.code)) throw error;
      }
    }
  }

  /** Whether work is under way whose name starts so. */
  isBusy(prefix: string): boolean {
    return [...this.running.keys()].some((name) => name.startsWith(prefix));
  }

  private start(name: string, work: Work): Running {
    const running: Running = new Running(work, () => {
      if (this.running.get(name) === running) this.running.delete(name);
    });
    this.running.set(name, running);
    return running;
  }
}

class Running {
  private readonly sharers = new Set<Sharer>();
  private readonly controller = new AbortController();
  private readonly promise: Promise<void>;
  private readonly onEnd: () => void;
  private done = 0;

  constructor(work: Work, onEnd: () => void) {
    this.onEnd = onEnd;
    this.promise = work(this.controller.signal, (done) => this.report(done)).finally(onEnd);
    // Callers who have stopped waiting do not see its error.
    this.promise.catch(() => {});
  }

  async join(sharer: Sharer): Promise<void> {
    const { signal } = sharer;
    this.sharers.add(sharer);
    sharer.onBytes(this.done);
    let leave = (): void => {};
    const departure = new Promise<void>((resolve) => {
      leave = resolve;
    });
    if (signal?.aborted) leave();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      await Promise.race([this.promise, departure]);
    } finally {
      signal?.removeEventListener('abort', leave);
      this.sharers.delete(sharer);
    }
    if (!signal?.aborted) return;
    if (this.sharers.size === 0) {
      // A new caller starts anew.
      this.onEnd();
      this.controller.abort();
      await this.promise.catch(() => {});
    }
    throwIfAborted(signal, WHERE);
  }

  private report(done: number): void {
    this.done = done;
    for (const { onBytes } of this.sharers) onBytes(done);
  }
}
