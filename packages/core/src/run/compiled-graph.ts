/** A graph that a caller holds: what `Attn.compile` returns. */
import type { Backend, Executable, RunOptions, Tensors } from '../contract/backend.ts';
import { untilAborted } from '../async/until-aborted.ts';
import { withRunOptions } from '../contract/run-options.ts';
import type { CompiledGraph } from './attn.ts';
import { typedFailure } from './typed-failure.ts';

/** An executable, and its backend. */
export interface Placement {
  readonly backend: Backend;
  readonly executable: Executable;
}

/** What a graph needs of the `Attn` that compiled it. */
export interface Owner {
  /** Compiles the graph on a backend. */
  place(backend: Backend): Promise<Placement>;
  /** Tries the backends in turn, this one first. Errors: those of the last attempt, and `DISPOSED`. */
  inTurn<T>(
    first: Backend,
    signal: AbortSignal | undefined,
    attempt: (backend: Backend) => Promise<T>,
  ): Promise<T>;
}

/**
 * Runs on the backend where it was compiled; when a run fails there and succeeds elsewhere, it stays
 * elsewhere.
 */
export class HeldGraph implements CompiledGraph {
  private placement: Placement;
  private readonly owner: Owner;
  /** The move to another backend, which runs that fail together share. */
  private moving: { readonly to: Backend; readonly done: Promise<void> } | undefined;
  private isDisposed = false;

  constructor(placement: Placement, owner: Owner) {
    this.placement = placement;
    this.owner = owner;
  }

  get backend(): string {
    return this.placement.backend.name;
  }

  async run(inputs: Tensors, options?: RunOptions): Promise<Tensors> {
    return withRunOptions('core/run', options, (runOptions) =>
      this.owner.inTurn(this.placement.backend, runOptions.signal, async (backend) => {
        if (backend !== this.placement.backend)
          await untilAborted(this.moveTo(backend), runOptions.signal, 'core/run');
        const { executable } = this.placement;
        return typedFailure(backend, 'RUN_FAILED', () => executable.run(inputs, runOptions));
      }),
    );
  }

  dispose(): void {
    this.isDisposed = true;
    this.placement.executable.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose();
  }

  private moveTo(backend: Backend): Promise<void> {
    if (this.moving?.to !== backend) this.moving = { to: backend, done: this.move(backend) };
    return this.moving.done;
  }

  private async move(backend: Backend): Promise<void> {
    try {
      const next = await this.owner.place(backend);
      this.placement.executable.dispose();
      this.placement = next;
      if (this.isDisposed) this.dispose();
    } finally {
      this.moving = undefined;
    }
  }
}
