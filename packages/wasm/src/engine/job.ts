/** What threads are given to do: one kernel over a list of tasks that do not depend on each other. */
import type { LoadedModule } from './module-store.ts';

/** A list of tasks. */
export interface Job {
  readonly module: LoadedModule;
  /** Name of the export, called as `kernel(address of a task, address of scratch memory)`. */
  readonly kernel: string;
  /** Address of the first task, bytes of one, and how many. Those that take longest should come first. */
  readonly tasks: number;
  readonly taskBytes: number;
  readonly count: number;
  /** Scratch memory of each thread. */
  readonly scratchBytes: number;
  /** About how many floating-point operations all of it takes: little is not worth waking anybody. */
  readonly flops: number;
  /** Done by the host once helpers are at work, before it takes tasks itself. */
  readonly meanwhile?: () => void;
  /** Called by the host now and then with the number of tasks that have been taken. */
  readonly onProgress?: (taken: number) => void;
}
