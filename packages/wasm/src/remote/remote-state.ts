/** State in the worker's engine, seen from the page: each method is a call of the worker. */
import { AttnError, type Tensor, type TensorSpec } from '@attn/core';
import type { StateMemory } from '@attn/core/backend';
import type { Connection } from './connection.ts';
import { compactTensor } from './compact.ts';
import type { StateTask } from './protocol.ts';

/** The number of states that this page has made: their names in messages. */
let count = 0;

export class RemoteStateMemory implements StateMemory<RemoteStateMemory> {
  private readonly connection: Connection;
  /** What messages call it. */
  readonly number: number;

  private constructor(connection: Connection, number: number) {
    this.connection = connection;
    this.number = number;
  }

  /** Creates a state of zeros in the worker. Errors: those of the worker and of the connection. */
  static async create(
    connection: Connection,
    specs: Readonly<Record<string, TensorSpec>>,
  ): Promise<RemoteStateMemory> {
    const state = ++count;
    await connection.call((call) => ({ type: 'createState', call, state, specs }));
    return new RemoteStateMemory(connection, state);
  }

  /** Errors: `WORKER_DIED` when the worker that held it has ended. */
  throwIfLost(): void {
    if (this.connection.isOver)
      throw new AttnError('WORKER_DIED', 'wasm/run', 'the state was lost with the worker that held it');
  }

  async read(name: string): Promise<Tensor> {
    return (await this.use({ method: 'read', name })) as Tensor;
  }

  async write(name: string, tensor: Tensor): Promise<void> {
    await this.use({ method: 'write', name, tensor: compactTensor(tensor) });
  }

  async reorder(rows: Int32Array, names: readonly string[]): Promise<void> {
    await this.use({ method: 'reorder', rows, names });
  }

  async fork(): Promise<RemoteStateMemory> {
    const fork = ++count;
    await this.use({ method: 'fork', fork });
    return new RemoteStateMemory(this.connection, fork);
  }

  async resize(name: string, shape: readonly number[]): Promise<void> {
    await this.use({ method: 'resize', name, shape });
  }

  dispose(): void {
    this.connection.send({ type: 'disposeState', state: this.number });
  }

  private async use(task: StateTask): Promise<unknown> {
    return this.connection.call((call) => ({ type: 'useState', call, state: this.number, task }));
  }
}
