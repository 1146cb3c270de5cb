/** Compiled graphs by backend and graph key, so that calling `attention` again costs only its run. */
import type { Backend, Executable } from '../contract/backend.ts';
import type { Graph } from '../graph/graph.ts';
import { LruMap } from '../util/lru.ts';

interface Entry {
  readonly executable: Promise<Executable>;
  users: number;
  evicted: boolean;
  measuredMs: number | undefined;
}

/** Keeps executables until they are the least recently used; those in use are disposed when their last run ends. */
export class ExecutableCache {
  private readonly entries: LruMap<Entry>;

  /** @param capacity how many executables to keep */
  constructor(capacity: number) {
    this.entries = new LruMap(capacity, {
      onEvict: (entry) => {
        entry.evicted = true;
        disposeIfUnused(entry);
      },
    });
  }

  /**
   * Runs a task on the executable, which is compiled when it is not there; until the task ends, it is not disposed. The
   * task calls `measured` with the milliseconds of its run.
   */
  async use<T>(
    key: string,
    compile: () => Promise<Executable>,
    task: (executable: Promise<Executable>, measured: (milliseconds: number) => void) => Promise<T>,
  ): Promise<T> {
    const entry = this.entries.get(key) ?? this.add(key, compile);
    entry.users += 1;
    try {
      return await task(entry.executable, (milliseconds) => {
        entry.measuredMs = milliseconds;
      });
    } finally {
      entry.users -= 1;
      disposeIfUnused(entry);
    }
  }

  /** Milliseconds of the last run, if it is known. */
  measuredMs(key: string): number | undefined {
    return this.entries.get(key)?.measuredMs;
  }

  /** Forgets an executable, for example one that failed. */
  drop(key: string): void {
    this.entries.delete(key);
  }

  /** Forgets every executable whose key starts like this, for example all on a lost device. */
  dropAll(prefix: string): void {
    for (const key of this.entries.keys()) if (key.startsWith(prefix)) this.entries.delete(key);
  }

  /** Forgets all. */
  clear(): void {
    this.entries.clear();
  }

  private add(key: string, compile: () => Promise<Executable>): Entry {
    const entry: Entry = { executable: compile(), users: 0, evicted: false, measuredMs: undefined };
    this.entries.set(key, entry);
    entry.executable.catch(() => {
      if (this.entries.get(key) === entry) this.entries.delete(key);
    });
    return entry;
  }
}

function disposeIfUnused(entry: Entry): void {
  if (entry.evicted && entry.users === 0) {
    entry.executable.then(
      (executable) => executable.dispose(),
      () => {},
    );
  }
}

/** The key of a graph on a backend; without a graph the start of the keys of all of the backend's. */
export function cacheKey(backend: Backend, graph?: Graph): string {
  return `${backend.name} ${graph?.key ?? ''}`;
}
