/** What the promises about state have in common: small graphs with states, and the numbers that go in. */
import {
  GraphBuilder,
  i32,
  type Backend,
  type Graph,
  type State,
  type Tensor,
  type Tensors,
} from '@attn/core';
import { sizeOf, withHostState, withoutState } from '@attn/core/backend';
import { fill } from '../data.ts';
import { rejects, type ContractCase, type MakeBackend } from './contract.ts';

/** A backend that can create states. */
export interface StatefulBackend extends Backend {
  createState(specs: Parameters<NonNullable<Backend['createState']>>[0]): Promise<State>;
}

/** Rows of a log: [2, T, 3]. */
export const OUTER = 2;
export const INNER = 3;

/**
 * Declares a promise about state. A backend without state is held to it, too: core then keeps the tensors.
 * Whether a backend can run the graph that is needed is asked without its states.
 */
export function stateContract(
  name: string,
  description: string,
  check: (backend: StatefulBackend, make: () => Promise<StatefulBackend>) => Promise<string | undefined>,
  needs: () => Graph = () => logGraph(8, 1),
): ContractCase {
  return {
    id: `contract:state-${name}`,
    description,
    needs: () => withoutState(needs()).graph,
    check: (backend: Backend, make: MakeBackend) =>
      check(stateful(backend), async () => stateful(await make())),
  };
}

function stateful(backend: Backend): StatefulBackend {
  const { createState, ...others } = withHostState(backend);
  if (createState === undefined) throw new Error(`${backend.name} has no createState`);
  return { ...others, createState };
}

/** The specs of a log of this capacity. */
export function logSpecs(capacity: number): { readonly log: { dtype: 'f32'; shape: readonly number[] } } {
  return { log: { dtype: 'f32', shape: [OUTER, capacity, INNER] } };
}

/** Writes `count` rows into the state `log` [2, capacity, 3] at the input `at`; gives all of it back. */
export function logGraph(capacity: number, count: number): Graph {
  const builder = new GraphBuilder();
  const log = builder.state('log', logSpecs(capacity).log);
  const rows = builder.input('rows', { dtype: 'f32', shape: [OUTER, count, INNER] });
  const at = builder.input('at', { dtype: 'i32', shape: [1] });
  return builder.build({ all: builder.writeRows(log, rows, at, 1) });
}

/** Inputs of `logGraph`. */
export function logInputs(at: number, count: number, seed: number): { rows: Tensor; at: Tensor } {
  return { rows: numbers([OUTER, count, INNER], seed), at: i32([1], [at]) };
}

/** Seeded numbers. */
export function numbers(shape: readonly number[], seed: number): Tensor<'f32'> {
  return { dtype: 'f32', shape, data: fill('bell', sizeOf(shape), seed) };
}

/** What a log holds: a copy on the host that is written as the promise says. */
export class ExpectedLog {
  readonly data: Float32Array;
  private readonly capacity: number;

  constructor(capacity: number, data: Float32Array = new Float32Array(OUTER * capacity * INNER)) {
    this.capacity = capacity;
    this.data = data;
  }

  write(at: number, { shape, data }: Tensor): this {
    const length = shape[1] * INNER;
    for (let outer = 0; outer < OUTER; outer++) {
      const rows = data.subarray(outer * length, (outer + 1) * length);
      this.data.set(rows as Float32Array, (outer * this.capacity + at) * INNER);
    }
    return this;
  }

  fork(): ExpectedLog {
    return new ExpectedLog(this.capacity, this.data.slice());
  }

  /** What is wrong with a tensor that should hold this; undefined if nothing is. */
  problem(what: string, { data }: Tensor): string | undefined {
    return unequal(what, data, this.data);
  }
}

/** The first element that is not bit for bit what is expected; undefined if all are. */
export function unequal(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): string | undefined {
  if (actual.length !== expected.length)
    return `${what}: expected ${expected.length} elements, got ${actual.length}`;
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) return `${what}: [${i}] must be ${expected[i]}, got ${actual[i]}`;
  }
  return undefined;
}

/** Runs a graph once on a state. */
export async function runOnce(
  backend: Backend,
  graph: Graph,
  inputs: Tensors,
  state: State,
): Promise<Tensors> {
  const executable = await backend.compile(graph);
  try {
    return await executable.run(inputs, { state });
  } finally {
    executable.dispose();
  }
}

/** The first problem of calls that must reject with their codes; undefined if all do. */
export async function allReject(
  calls: readonly (readonly [
    code: Parameters<typeof rejects>[0],
    what: string,
    call: () => Promise<unknown>,
  ])[],
): Promise<string | undefined> {
  for (const [code, what, call] of calls) {
    const problem = await rejects(code, call);
    if (problem !== undefined) return `${what}: ${problem}`;
  }
  return undefined;
}
