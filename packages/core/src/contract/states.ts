/**
 * The states of one backend. `States` does what all backends do alike: it checks arguments, keeps specs, lets
 * runs and methods take turns, and disposes states with their backend. A backend brings `StateMemory`.
 */
import { RunQueue } from '../async/run-queue.ts';
import { checkArgument, readEntries } from '../check/check-options.ts';
import { aListOfNumbers, aString, listOf, type Kind } from '../check/kinds.ts';
import { unknownName } from '../check/nearest-name.ts';
import { AttnError, show } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { sameShape } from '../ops/validate.ts';
import { checkSpec, checkTensor, rowMajor, type Tensor, type TensorSpec } from '../tensor.ts';
import type { State, StateMemory } from './state.ts';

export type { StateMemory } from './state.ts';

type Specs = Readonly<Record<string, TensorSpec>>;

const names: Kind = listOf(aString, 'a list of names');

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

interface Owner<M> {
  readonly onDispose: () => void;
  readonly adopt: (specs: Specs, memory: M) => State;
}

class BackendState<M extends StateMemory<M>> implements State {
  private readonly backend: string;
  private current: Specs;
  private readonly memory: M;
  private readonly owner: Owner<M>;
  private readonly queue = new RunQueue();
  private ending: Promise<void> | undefined;

  constructor(backend: string, specs: Specs, memory: M, owner: Owner<M>) {
    this.backend = backend;
    this.current = specs;
    this.memory = memory;
    this.owner = owner;
  }

  get specs(): Specs {
    return this.current;
  }

  async read(name: string): Promise<Tensor> {
    const where = this.at('read');
    return this.inTurn(where, (memory) => {
      this.spec(where, name);
      return memory.read(name);
    });
  }

  async write(name: string, tensor: Tensor): Promise<void> {
    const where = this.at('write');
    checkTensor(tensor, where);
    return this.inTurn(where, (memory) => {
      const spec = this.spec(where, name);
      checkSame(where, `tensor ${name}`, tensor, spec);
      return memory.write(name, rowMajor(tensor));
    });
  }

  async reorder(rows: ArrayLike<number>, only?: readonly string[]): Promise<void> {
    const where = this.at('reorder');
    checkArgument(where, 'rows', rows, aListOfNumbers);
    if (only !== undefined) checkArgument(where, 'names', only, names);
    const order = Array.from(rows);
    return this.inTurn(where, async (memory) => {
      const reordered = [...new Set(only ?? Object.keys(this.current))];
      const changes = reordered.map((name) => {
        const spec = this.spec(where, name);
        checkRows(where, name, spec, order);
        return [name, { ...spec, shape: spec.shape.with(0, order.length) }] as const;
      });
      const isIdentity = order.every((row, index) => row === index);
      const moved = reordered.filter((name) => !isIdentity || this.current[name].shape[0] !== order.length);
      await memory.reorder(Int32Array.from(order), moved);
      this.current = { ...this.current, ...Object.fromEntries(changes) };
    });
  }

  async fork(): Promise<State> {
    return this.inTurn(this.at('fork'), async (memory) =>
      this.owner.adopt(this.current, await memory.fork()),
    );
  }

  async resize(name: string, shape: readonly number[]): Promise<void> {
    const where = this.at('resize');
    return this.inTurn(where, async (memory) => {
      const spec = this.spec(where, name);
      const larger = { dtype: spec.dtype, shape };
      checkSpec(larger, where, `the larger ${name}`);
      if (shape.length !== spec.shape.length || shape.some((extent, axis) => extent < spec.shape[axis])) {
        const message = `${name} is ${show(spec.shape)} and can only become larger, got ${show(shape)}`;
        throw new AttnError('INVALID_SHAPE', where, message);
      }
      await memory.resize(name, [...shape]);
      this.current = { ...this.current, [name]: { dtype: spec.dtype, shape: [...shape] } };
    });
  }

  dispose(): Promise<void> {
    this.ending ??= this.end();
    return this.ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  throwIfDisposed(where: string): void {
    if (this.ending !== undefined) throw new AttnError('DISPOSED', where, 'the state has been disposed');
  }

  /** Does work on the memory when all that was called earlier has ended. */
  async inTurn<T>(where: string, work: (memory: M) => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.throwIfDisposed(where);
    return this.queue.run(async () => work(this.memory), signal, where);
  }

  private async end(): Promise<void> {
    this.owner.onDispose();
    await this.queue.run(async () => this.memory.dispose(), undefined, this.at('dispose'));
  }

  private at(method: string): string {
    return `${this.backend}/${method}`;
  }

  /** The spec of a tensor. Errors: `INVALID_ARGUMENT`. */
  private spec(where: string, name: string): TensorSpec {
    if (typeof name === 'string' && Object.hasOwn(this.current, name)) return this.current[name];
    throw new AttnError('INVALID_ARGUMENT', where, unknownName('tensor', name, Object.keys(this.current)));
  }
}

/** Copies specs. */
function checkSpecs(where: string, specs: Specs): Specs {
  const entries = readEntries(where, 'specs', specs) as [string, TensorSpec][];
  if (entries.length === 0)
    throw new AttnError('INVALID_ARGUMENT', where, 'specs must name a tensor at least, got none');
  return Object.fromEntries(
    entries.map(([name, spec]) => {
      checkSpec(spec, where, `state ${name}`);
      return [name, { dtype: spec.dtype, shape: [...spec.shape] }];
    }),
  );
}

function checkSpecsOfGraph(where: string, graph: Graph, specs: Specs): void {
  for (const [name, id] of graph.states) {
    if (!Object.hasOwn(specs, name)) {
      const message = `the graph's state ${name} is missing; the state has ${Object.keys(specs).join(', ')}`;
      throw new AttnError('MISSING_INPUT', where, message);
    }
    checkSame(where, `state ${name}`, specs[name], graph.values[id]);
  }
}

function checkSame(where: string, what: string, spec: TensorSpec, expected: TensorSpec): void {
  if (spec.dtype !== expected.dtype)
    throw new AttnError('INVALID_DTYPE', where, `${what} must be ${expected.dtype}, got ${spec.dtype}`);
  if (!sameShape(spec.shape, expected.shape)) {
    const message = `${what} must be ${show(expected.shape)}, got ${show(spec.shape)}`;
    throw new AttnError('INVALID_SHAPE', where, message);
  }
}

function checkRows(where: string, name: string, { shape }: TensorSpec, rows: readonly number[]): void {
  if (shape.length === 0)
    throw new AttnError('INVALID_ARGUMENT', where, `${name} must have an axis to be reordered, got a scalar`);
  const stranger = rows.find((row) => !(Number.isInteger(row) && row >= 0 && row < shape[0]));
  if (stranger !== undefined) {
    const message = `rows must be in [0, ${shape[0]}), the rows of ${name}, got ${show(stranger)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
}
