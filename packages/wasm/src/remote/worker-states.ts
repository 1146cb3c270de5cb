/** The states of the worker's engine, by the numbers that the page gives them. */
import { AttnError, type State, type Tensor, type TensorSpec } from '@attn/core';
import type { EngineSite } from '../engine-site.ts';
import type { StateTask } from './protocol.ts';

export class WorkerStates {
  private readonly states = new Map<number, State>();

  /** Creates a state. Errors: those of the site. */
  async create(
    site: EngineSite,
    number: number,
    specs: Readonly<Record<string, TensorSpec>>,
  ): Promise<undefined> {
    this.states.set(number, await site.createState(specs));
  }

  /** The state of a number. Errors: `INTERNAL`. */
  get(number: number): State {
    const state = this.states.get(number);
    if (state === undefined) throw new AttnError('INTERNAL', 'wasm/worker', `there is no state ${number}`);
    return state;
  }

  /** Does one of its methods; `read` gives a tensor. Errors: those of the method. */
  async use(number: number, task: StateTask): Promise<Tensor | undefined> {
    const state = this.get(number);
    switch (task.method) {
      case 'read':
        return state.read(task.name);
      case 'write':
        await state.write(task.name, task.tensor);
        return undefined;
      case 'reorder':
        await state.reorder(task.rows, task.names);
        return undefined;
      case 'fork':
        this.states.set(task.fork, await state.fork());
        return undefined;
      case 'resize':
        await state.resize(task.name, task.shape);
        return undefined;
      default:
        return task satisfies never;
    }
  }

  dispose(number: number): void {
    void this.states.get(number)?.dispose();
    this.states.delete(number);
  }
}
