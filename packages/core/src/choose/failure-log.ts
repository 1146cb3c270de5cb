/**
 * Remembers recent failures, so that not every call has to learn again that a backend is lost. After three
 * failures in a row a backend comes last, until something succeeds on it or it is probed again. It still runs
 * what no other backend can.
 */
import type { AttnError, AttnErrorCode } from '../errors.ts';
import { LruMap } from '../util/lru.ts';

/** Failures in a row after which a backend comes last. */
const LIMIT = 3;

/** How many pairs of backend and graph are counted. */
const GRAPHS = 256;

/** Failures of a whole backend: nothing that it compiled works any longer. */
const LOST: ReadonlySet<AttnErrorCode> = new Set<AttnErrorCode>([
  'DEVICE_LOST',
  'WORKER_DIED',
  // The probe said it was there.
  'BACKEND_UNAVAILABLE',
]);

/** Failures after which another backend may succeed. All but `LOST` may be due to the graph: too big, say. */
const RECOVERABLE: ReadonlySet<AttnErrorCode> = new Set<AttnErrorCode>([
  ...LOST,
  'OUT_OF_MEMORY',
  'COMPILE_FAILED',
  'RUN_FAILED',
  'TIMEOUT',
]);

interface Failures {
  readonly count: number;
  readonly error: AttnError;
}

/** True when the same call may succeed on another backend. */
export function isRecoverable(error: AttnError): boolean {
  return RECOVERABLE.has(error.code);
}

/** True when everything on the backend is lost with the call. */
export function isLost(error: AttnError): boolean {
  return LOST.has(error.code);
}

/** Counts failures in a row: of a backend when it was lost, otherwise of one graph on it. */
export class FailureLog {
  private readonly backends = new Map<string, Failures>();
  private readonly graphs = new LruMap<Failures>(GRAPHS);

  /** Counts a failed call. `graphKey` is the key of its graph. */
  failed(backend: string, graphKey: string, error: AttnError): void {
    const [counts, key] = isLost(error)
      ? [this.backends, backend]
      : [this.graphs, pairKey(backend, graphKey)];
    counts.set(key, { count: (counts.get(key)?.count ?? 0) + 1, error });
  }

  /** Forgets the failures of a backend, and of a graph on it: a call succeeded. */
  succeeded(backend: string, graphKey: string): void {
    this.backends.delete(backend);
    this.graphs.delete(pairKey(backend, graphKey));
  }

  /** Why the backend comes last for this graph; undefined when it does not. */
  complaint(backend: string, graphKey: string): string | undefined {
    for (const failures of [this.backends.get(backend), this.graphs.get(pairKey(backend, graphKey))]) {
      if (failures && failures.count >= LIMIT) {
        const { count, error } = failures;
        return `comes last after ${count} failures in a row, the last with ${error.code}: ${error.message}`;
      }
    }
    return undefined;
  }

  /** Forgets everything. */
  clear(): void {
    this.backends.clear();
    this.graphs.clear();
  }
}

function pairKey(backend: string, graphKey: string): string {
  return `${backend} ${graphKey}`;
}
