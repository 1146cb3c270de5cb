/** A compiled graph that goes on elsewhere when its backend fails: what `Attn.compile` gives. */
import type { Backend, Executable, RunOptions, Tensors } from '../backend.ts';
import { AttnError } from '../errors.ts';
import type { CompiledGraph } from './attn.ts';
import { isRecoverable } from './health.ts';

/** A graph that is compiled, and where. */
export interface Placed {
  readonly backend: Backend;
  readonly executable: Executable;
}

/** Compiles the graph on the best backend that was not `tried`. Errors: `error` when none is left, and those of compiling. */
export type Elsewhere = (from: Backend, error: AttnError, tried: ReadonlySet<string>) => Promise<Placed>;

export class MovableGraph implements CompiledGraph {
  private placed: Placed;
  /** While it moves. */
  private moving: Promise<void> | undefined;
  private readonly elsewhere: Elsewhere | undefined;
  private disposed = false;

  /** @param elsewhere absent when it must stay where it is */
  constructor(placed: Placed, elsewhere: Elsewhere | undefined) {
    this.placed = placed;
    this.elsewhere = elsewhere;
  }

  get backend(): string {
    return this.placed.backend.name;
  }

  async run(inputs: Tensors, options: RunOptions = {}): Promise<Tensors> {
    const tried = new Set<string>();
    for (;;) {
      const { placed, elsewhere } = this;
      try {
        return await placed.executable.run(inputs, options);
      } catch (error) {
        if (elsewhere === undefined || !(error instanceof AttnError) || !isRecoverable(error)) throw error;
        tried.add(placed.backend.name);
        // Of runs that fail together, one moves.
        if (this.placed === placed) await (this.moving ??= this.move(elsewhere, error, tried));
        if (tried.has(this.backend)) throw error;
      }
    }
  }

  dispose(): void {
    this.disposed = true;
    this.placed.executable.dispose();
  }

  private async move(elsewhere: Elsewhere, error: AttnError, tried: ReadonlySet<string>): Promise<void> {
    const { backend, executable } = this.placed;
    try {
      this.placed = await elsewhere(backend, error, tried);
      executable.dispose();
      if (this.disposed) this.dispose();
    } finally {
      this.moving = undefined;
    }
  }
}
