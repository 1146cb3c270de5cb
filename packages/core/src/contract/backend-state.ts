/** A state of a backend: what `States` makes, with the memory that the backend brings. */
import { RunQueue } from '../async/run-queue.ts';
import { checkArgument } from '../check/check-options.ts';
import { aListOfNumbers, aString, listOf, type Kind } from '../check/kinds.ts';
import { AttnError, show } from '../errors.ts';
import { checkSpec, checkTensor, rowMajor, type Tensor } from '../tensor.ts';
import { checkRows, checkSame, specOf, type Specs } from './check-state.ts';
import type { State, StateMemory } from './state.ts';

const names: Kind = listOf(aString, 'a list of names');

/** What a state needs of the `States` that made it. */
interface Owner<M> {
  readonly onDispose: () => void;
  readonly adopt: (specs: Specs, memory: M) => State;
}

export class BackendState<M extends StateMemory<M>> implements State {
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
      specOf(where, this.current, name);
      return memory.read(name);
    });
  }

  async write(name: string, tensor: Tensor): Promise<void> {
    const where = this.at('write');
    checkTensor(tensor, where);
    return this.inTurn(where, (memory) => {
      const spec = specOf(where, this.current, name);
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
        const spec = specOf(where, this.current, name);
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
      const spec = specOf(where, this.current, name);
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
}
