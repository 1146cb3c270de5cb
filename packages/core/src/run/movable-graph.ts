/** A compiled graph that goes on elsewhere when its backend fails: what `Attn.compile` gives. */
import type { Backend, Executable, RunOptions, Tensors } from '../contract/backend.ts';
import { AttnError } from '../errors.ts';
import { withRunOptions } from '../contract/run-options.ts';
import { untilAborted } from '../async/until-aborted.ts';
import type { CompiledGraph } from './attn.ts';
import { isRecoverable } from '../choose/failure-log.ts';
import { typedFailure } from './typed-failure.ts';

/** A graph that is compiled, and where. */
export interface Placed {
  readonly backend: Backend;
  readonly executable: Executable;
}

/** What a graph needs of the `Attn` that compiled it. */
export interface Owner {
  /** Runs all of its work. Errors: `DISPOSED`. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Compiles it on the best backend that was not `tried`; absent when it must stay where it is. Errors: `error` when none is left, and
   * those of compiling.
   */
  readonly elsewhere:
    | ((from: Backend, error: AttnError, tried: ReadonlySet<string>) => Promise<Placed>)
    | undefined;
}

export class MovableGraph implements CompiledGraph {
  private placed: Placed;
  private readonly owner: Owner;
  /** While it moves. */
  private moving: Promise<void> | undefined;
  private disposed = false;

  constructor(placed: Placed, owner: Owner) {
    this.placed = placed;
    this.owner = owner;
  }

  get backend(): string {
    return this.placed.backend.name;
  }

  async run(inputs: Tensors, options?: RunOptions): Promise<Tensors> {
    return withRunOptions('core/run', options, (runOptions) =>
      this.owner.run(() => this.runSomewhere(inputs, runOptions)),
    );
  }

  dispose(): void {
    this.disposed = true;
    this.placed.executable.dispose();
  }

  private async runSomewhere(inputs: Tensors, options: RunOptions): Promise<Tensors> {
    const tried = new Set<string>();
    for (;;) {
      const { placed } = this;
      try {
        return await typedFailure(placed.backend, 'RUN_FAILED', () => placed.executable.run(inputs, options));
      } catch (error) {
        if (!(error instanceof AttnError) || !isRecoverable(error)) throw error;
        tried.add(placed.backend.name);
        // Of runs that fail together, one moves.
        if (this.placed === placed) {
          this.moving ??= this.move(error, tried);
          await untilAborted(this.moving, options.signal, 'core/select');
        }
        if (tried.has(this.backend)) throw error;
      }
    }
  }

  private async move(error: AttnError, tried: ReadonlySet<string>): Promise<void> {
    const { backend, executable } = this.placed;
    try {
      if (this.owner.elsewhere === undefined) throw error;
      this.placed = await this.owner.elsewhere(backend, error, tried);
      executable.dispose();
      if (this.disposed) this.dispose();
    } finally {
      this.moving = undefined;
    }
  }
}
