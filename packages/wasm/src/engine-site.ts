/** Where a backend's engine runs: on the calling thread, or in a worker. Only the site in use is loaded. */
import type { Graph, State, TensorSpec } from '@attn/core';
import type { Executable } from '@attn/core/backend';
import type { EngineSpeed } from './engine/speed.ts';
import type { StartThread } from './engine/threads.ts';
import type { Simd } from './kernels/arithmetic.ts';
import type { PlanSource } from './plan-source.ts';

/** The place where a backend's engine runs. */
export interface EngineSite {
  /** Measures how fast the engine is. */
  measureSpeed(): Promise<EngineSpeed>;
  /** Prepares a graph that has been found to be supported. */
  compile(graph: Graph, plans: PlanSource): Promise<Executable>;
  /** Creates tensors of zeros in the engine's memory, which stay between runs. */
  createState(specs: Readonly<Record<string, TensorSpec>>): Promise<State>;
  /** Ends threads and releases memory. */
  dispose(): Promise<void>;
}

/** Options of an engine, wherever it runs. */
export interface EngineSiteOptions {
  /** Number of threads, including the one that calls. */
  readonly threads: number;
  readonly simd?: Simd;
  readonly sharedMemory?: boolean;
  readonly poison?: boolean;
  /** How threads are started, for tests. */
  readonly startHelper?: StartThread;
  readonly startEngine?: StartThread;
  /** The lowest address of a heap on this thread, for tests of high addresses. */
  readonly heapStart?: number;
}
