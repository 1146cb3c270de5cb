/** A unit of work for threads: one kernel over a list of tasks that do not depend on each other. */
import type { LoadedModule } from './module-store.ts';

/** A list of tasks, and the kernel that does them. */
export interface Job {
  readonly module: LoadedModule;
  /** Name of the export, called as `kernel(address of a task, address of scratch memory)`. */
  readonly kernel: string;
  /** Address of the first task. Tasks that take longest should come first. */
  readonly tasks: number;
  /** Bytes of a task. */
  readonly taskBytes: number;
  /** Number of tasks. */
  readonly count: number;
  /** Bytes of scratch memory of each thread. */
  readonly scratchBytes: number;
  /** About how many floating-point operations the job takes: a small job does not wake helpers. */
  readonly flops: number;
  /** Work of the calling thread that it does once helpers are at work, before it takes tasks itself. */
  readonly whileHelpersRun?: () => void;
  /** Called by the calling thread now and then with the number of tasks that threads have begun. */
  readonly onProgress?: (begun: number) => void;
}
