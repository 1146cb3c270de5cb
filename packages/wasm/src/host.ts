/** Where graphs are computed: on the calling thread, or in a worker. Both are loaded only when they are the one. */
import type { Graph } from '@attn/core';
import type { Executable } from '@attn/core/backend';
import type { EngineSpeed } from './engine/speed.ts';
import type { StartThread } from './engine/threads.ts';
import type { Simd } from './kernels/arithmetic.ts';
import type { PlanSource } from './plan-source.ts';

/** What computes for a backend. */
export interface Host {
  /** How fast it is. */
  measureSpeed(): Promise<EngineSpeed>;
  /** Prepares a graph that is known to be supported. */
  compile(graph: Graph, plans: PlanSource): Promise<Executable>;
  /** Ends threads and gives memory back. */
  dispose(): Promise<void>;
}

/** What a host is made with. */
export interface HostOptions {
  /** Threads, the one included that calls. */
  readonly threads: number;
  readonly simd?: Simd;
  readonly sharedMemory?: boolean;
  readonly poison?: boolean;
  /** How threads are started, for tests. */
  readonly startHelper?: StartThread;
  readonly startEngine?: StartThread;
  /** The least address of a heap on this thread, for tests of high ones. */
  readonly heapStart?: number;
}
