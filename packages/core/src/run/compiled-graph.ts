/** A graph that a caller holds: what `Attn.compile` returns. */
import type { Backend, Executable, RunOptions, Tensors } from '../contract/backend.ts';
import type { State } from '../contract/state.ts';
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
  /**
   * Works with a state, when it is its turn, on the backend where the graph is. Errors: those of the attempt,
   * `INVALID_ARGUMENT` for a state that is another's, or elsewhere; `DISPOSED`.
   */
  withState<T>(
    state: State,
    site: Backend,
    signal: AbortSignal | undefined,
    attempt: (inner: State) => Promise<T>,
  ): Promise<T>;
}

/**
 * Runs on the backend where it was compiled; when a run fails there and succeeds elsewhere, it stays
 * elsewhere. A run with a state stays where the state is.
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
    return withRunOptions('core/run', options, (runOptions) => {
      const { state, signal } = runOptions;
      if (state !== undefined) {
        const { backend, executable } = this.placement;
        return this.owner.withState(state, backend, signal, (inner) =>
          typedFailure(backend, 'RUN_FAILED', () => executable.run(inputs, { ...runOptions, state: inner })),
        );
      }
      return this.owner.inTurn(this.placement.backend, signal, async (backend) => {
        if (backend !== this.placement.backend) await untilAborted(this.moveTo(backend), signal, 'core/run');
        const { executable } = this.placement;
        return typedFailure(backend, 'RUN_FAILED', () => executable.run(inputs, runOptions));
      });
    });
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
