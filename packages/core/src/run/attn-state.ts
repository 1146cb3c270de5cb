/** A state that an `Attn` has created: what `Attn.createState` returns. */
import { RunQueue } from '../async/run-queue.ts';
import type { Backend } from '../contract/backend.ts';
import type { State } from '../contract/state.ts';
import { AttnError, show } from '../errors.ts';
import type { Tensor, TensorSpec } from '../tensor.ts';

/**
 * The state of a backend, and the backend to which runs with it are bound. It has turns of its own: a run of
 * an `Attn` may compile first, and what was called after it must still come after it.
 */
export class AttnState implements State {
  readonly place: Backend;
  readonly inner: State;
  /** Whose it is: one `Attn` does not run with the states of another. */
  private readonly owner: object;
  private readonly queue = new RunQueue();

  constructor(owner: object, place: Backend, inner: State) {
    this.owner = owner;
    this.place = place;
    this.inner = inner;
  }

  /** The state as one of this owner's. Errors: `INVALID_ARGUMENT`. */
  static of(owner: object, state: State, where: string): AttnState {
    if (state instanceof AttnState && state.owner === owner) return state;
    const message = `state must be one that createState of this Attn made, got ${show(state)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }

  /** The name of the backend where it lives, and where runs with it run. */
  get backend(): string {
    return this.place.name;
  }

  /** Errors: `INVALID_ARGUMENT` for a run on another backend than that where it lives. */
  checkPlace(backend: string | undefined): void {
    if (backend === undefined || backend === this.backend) return;
    const message = `the state lives on ${this.backend}, and the run must be there, got ${backend}`;
    throw new AttnError('INVALID_ARGUMENT', 'core/run', message);
  }

  get specs(): Readonly<Record<string, TensorSpec>> {
    return this.inner.specs;
  }

  read(name: string): Promise<Tensor> {
    return this.inTurn(() => this.inner.read(name));
  }

  write(name: string, tensor: Tensor): Promise<void> {
    return this.inTurn(() => this.inner.write(name, tensor));
  }

  reorder(rows: ArrayLike<number>, names?: readonly string[]): Promise<void> {
    return this.inTurn(() => this.inner.reorder(rows, names));
  }

  fork(): Promise<AttnState> {
    return this.inTurn(async () => new AttnState(this.owner, this.place, await this.inner.fork()));
  }

  resize(name: string, shape: readonly number[]): Promise<void> {
    return this.inTurn(() => this.inner.resize(name, shape));
  }

  dispose(): Promise<void> {
    return this.inTurn(() => this.inner.dispose());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Does work when all that was called earlier has ended. Errors: `ABORTED` while it waits. */
  inTurn<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.queue.run(work, signal, 'core/run');
  }
}
