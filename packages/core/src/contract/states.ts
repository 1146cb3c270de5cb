/**
 * The states of one backend. `States` does what all backends do alike: it checks arguments, keeps specs, lets
 * runs and methods take turns, and disposes states with their backend. A backend brings `StateMemory`.
 */
import { AttnError, show } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { BackendState } from './backend-state.ts';
import { checkSpecs, checkSpecsOfGraph, type Specs } from './check-state.ts';
import type { State, StateMemory } from './state.ts';

export type { StateMemory } from './state.ts';

/** The states that a backend has created and that have not been disposed. */
export class States<M extends StateMemory<M>> {
  protected readonly backend: string;
  private readonly all = new Map<State, BackendState<M>>();
  private isDisposed = false;

  /** @param backend the backend's name, for errors */
  constructor(backend: string) {
    this.backend = backend;
  }

  /**
   * Creates a state. Errors: `INVALID_ARGUMENT`, `INVALID_DTYPE` and `INVALID_SHAPE` for specs that are none;
   * `DISPOSED`; those of `make`.
   *
   * @param make allocates memory of zeros for checked specs
   */
  async create(specs: Specs, make: (specs: Specs) => M | Promise<M>): Promise<State> {
    const where = `${this.backend}/createState`;
    const checked = checkSpecs(where, specs);
    return this.adopt(where, checked, await make(checked));
  }

  /**
   * Runs a graph's work on the memory of its state, when it is the state's turn. Without states in the graph
   * the work gets no memory, and runs at once. Errors: `MISSING_INPUT` without a state that the graph needs;
   * `INVALID_ARGUMENT` for the state of another backend; `INVALID_DTYPE`, `INVALID_SHAPE` for tensors other
   * than those of the graph; `DISPOSED`; `ABORTED`.
   */
  async use<T>({ graph, state, signal }: StateUse, work: (memory: M | undefined) => Promise<T>): Promise<T> {
    const where = `${this.backend}/run`;
    if (graph.states.size === 0) return work(undefined);
    if (state === undefined) {
      const message = `the graph has states (${[...graph.states.keys()].join(', ')}), and needs the option state`;
      throw new AttnError('MISSING_INPUT', where, message);
    }
    const own = this.all.get(state);
    if (own === undefined) {
      if (state instanceof BackendState) state.throwIfDisposed(where);
      const message = `state must be one that createState of this backend made, got ${show(state)}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
    return own.inTurn(
      where,
      (memory) => {
        checkSpecsOfGraph(where, graph, own.specs);
        return work(memory);
      },
      signal,
    );
  }

  /** Disposes all states, when nothing uses them any more. */
  async dispose(): Promise<void> {
    this.isDisposed = true;
    await Promise.all([...this.all.values()].map((state) => state.dispose()));
  }

  private adopt(where: string, specs: Specs, memory: M): State {
    if (this.isDisposed) {
      memory.dispose();
      throw new AttnError('DISPOSED', where, 'the backend has been disposed');
    }
    const state = new BackendState(this.backend, specs, memory, {
      onDispose: () => this.all.delete(state),
      adopt: (...copied) => this.adopt(`${this.backend}/fork`, ...copied),
    });
    this.all.set(state, state);
    return state;
  }
}

/** What a run says about its state. */
export interface StateUse {
  readonly graph: Graph;
  readonly state: State | undefined;
  readonly signal: AbortSignal | undefined;
}
