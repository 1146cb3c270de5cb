/** Starts the worker of a part of the page. */
import { proxy, wrap, type ProxyMarked, type Remote } from 'comlink';
import type { Part } from '../state/url.ts';
import type { Engine } from './worker.ts';

const engines = new Map<Part, Remote<Engine>>();

/** The engine of a part; started when it is first asked for. */
export function engineOf(part: Part): Remote<Engine> {
  let engine = engines.get(part);
  if (engine === undefined) {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      type: 'module',
      name: `attn-${part}`,
    });
    engine = wrap<Engine>(worker);
    engines.set(part, engine);
  }
  return engine;
}

/** The sentence of an error that came from a worker. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for work that was ended on purpose. */
export function isAborted(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ABORTED' || error.name === 'AbortError');
}

/**
 * A listener for the worker, until `isOver`. Steps and results come by different ways, so that a step may
 * arrive after the result.
 */
export function whileRunning<T>(
  isOver: () => boolean,
  listen: (step: T) => void,
): ((step: T) => void) & ProxyMarked {
  return proxy((step: T) => {
    if (!isOver()) listen(step);
  });
}
