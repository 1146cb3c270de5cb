/** The interface of a backend's promises, and the small calls on which they are tried. */
import {
  AttnError,
  f32,
  full,
  GraphBuilder,
  type AttnErrorCode,
  type Backend,
  type Graph,
  type Pattern,
  type Tensor,
} from '@attn/core';
import { fill } from '../data.ts';

/** A promise of a backend. */
export interface ContractCase {
  /** `contract:<name>`. */
  readonly id: string;
  readonly description: string;
  /**
   * The graph on which the promise is tried. A backend that cannot
   * run it makes no promise. Absent if any backend will do.
   */
  readonly needs?: () => Graph;
  /**
   * What is wrong, or undefined. It never disposes of the backend; a
   * promise about the end makes its own backend.
   */
  check(backend: Backend, make: MakeBackend): Promise<string | undefined>;
}

/** Makes a backend that nobody else uses. */
export type MakeBackend = () => Backend | Promise<Backend>;

/** Declares a promise about calls. It is tried on attention unless `needs` has another graph. */
export function contract(
  name: string,
  description: string,
  check: ContractCase['check'],
  needs: ContractCase['needs'] = () => contractGraph(full(), 5),
): ContractCase {
  return { id: `contract:${name}`, description, needs, check };
}

/** Declares a promise of any backend, whatever it computes. */
export function generalContract(
  name: string,
  description: string,
  check: ContractCase['check'],
): ContractCase {
  return { id: `contract:${name}`, description, check };
}

/** A graph of one attention node with inputs q, k, v of [1, 2, n, 8]. */
export function contractGraph(pattern: Pattern, n: number): Graph {
  const builder = new GraphBuilder();
  const spec = { dtype: 'f32', shape: [1, 2, n, 8] } as const;
  const [q, k, v] = [builder.input('q', spec), builder.input('k', spec), builder.input('v', spec)];
  const { out, lse } = builder.attention({ q, k, v }, { pattern, returnLse: true });
  return builder.build(lse ? { out, lse } : { out });
}

/** Inputs of `contractGraph`. */
export function contractInputs(n: number, seed: number): Record<string, Tensor> {
  const tensor = (salt: number): Tensor => f32([1, 2, n, 8], fill('bell', 16 * n, seed * 8 + salt));
  return { q: tensor(1), k: tensor(2), v: tensor(3) };
}

/** What is wrong, or undefined if the call rejects with an `AttnError` of this code. */
export async function rejects(
  code: AttnErrorCode,
  call: () => Promise<unknown>,
): Promise<string | undefined> {
  try {
    await call();
    return `expected ${code}, got a result`;
  } catch (error) {
    if (error instanceof AttnError && error.code === code) return undefined;
    return `expected an AttnError ${code}, got ${String(error)}`;
  }
}

/** Watches whether a promise has settled. */
export function watch<T>(promise: Promise<T>): {
  readonly promise: Promise<T>;
  readonly isOver: () => boolean;
} {
  let isOver = false;
  const end = (): void => void (isOver = true);
  promise.then(end, end);
  return { promise, isOver: () => isOver };
}
