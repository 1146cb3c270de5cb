/** Who listens to what an `Attn` reports. */
import { AttnError, show } from '../errors.ts';
import { notify } from '../async/notify.ts';
import { unknownName } from '../check/nearest-name.ts';
import type { AttnEvents } from './attn.ts';

/** Listeners by event. What one throws stops neither the others nor the call that reports; see `notify`. */
export class Listeners {
  private readonly byEvent: { readonly [E in keyof AttnEvents]: Set<(detail: AttnEvents[E]) => void> } = {
    choice: new Set(),
    fallback: new Set(),
  };

  /** Adds a listener; call the result to remove it. Errors: `INVALID_ARGUMENT`. */
  on<E extends keyof AttnEvents>(event: E, listener: (detail: AttnEvents[E]) => void): () => void {
    if (typeof event !== 'string' || !Object.hasOwn(this.byEvent, event))
      throw invalid(unknownName('event', event, Object.keys(this.byEvent)));
    if (typeof listener !== 'function') {
      throw invalid(`a listener must be a function, got ${show(listener)}`);
    }
    this.byEvent[event].add(listener);
    return () => this.byEvent[event].delete(listener);
  }

  /** Tells all who listen. */
  emit<E extends keyof AttnEvents>(event: E, detail: AttnEvents[E]): void {
    for (const listener of this.byEvent[event]) notify(listener, detail);
  }
}

function invalid(message: string): AttnError {
  return new AttnError('INVALID_ARGUMENT', 'core/on', message);
}
