/** The messages between a page and the worker with its engine. All of them survive structured cloning. */
import type { Probe, Progress, Tensor, Tensors, TensorSpec } from '@attn/core';
import type { GraphNode, PlannedCall, PlanTensors, WireError } from '@attn/core/backend';
import type { EngineSpeed } from '../engine/speed.ts';
import type { EngineSiteOptions } from '../engine-site.ts';

/**
 * A graph without its patterns. A pattern may be code, which cannot be cloned, and a planner would make the
 * worker's script larger. So the page plans, and the worker asks it for each plan (`PlanQuestion`).
 */
export interface WireGraph {
  readonly values: readonly TensorSpec[];
  readonly nodes: readonly WireNode[];
  readonly inputs: ReadonlyMap<string, number>;
  readonly states: ReadonlyMap<string, number>;
  readonly outputs: ReadonlyMap<string, number>;
  readonly constants: ReadonlyMap<number, Tensors[string]>;
}

/** A node. The attributes of attention stay with the page. */
export type WireNode = Pick<GraphNode, 'op' | 'inputs' | 'outputs'> & { readonly attributes: object };

/** Options of an engine, without those that cannot be cloned. */
export type StartOptions = Omit<EngineSiteOptions, 'startHelper' | 'startEngine' | 'heapStart'>;

/** A message from the page. The worker answers a `call` by `done` or `failed` with the same number. */
export type Request =
  | { readonly type: 'start'; readonly call: number; readonly options: StartOptions }
  | { readonly type: 'measure'; readonly call: number }
  | {
      readonly type: 'compile';
      readonly call: number;
      readonly executable: number;
      readonly graph: WireGraph;
    }
  | {
      readonly type: 'run';
      readonly call: number;
      readonly executable: number;
      readonly inputs: Tensors;
      readonly state: number | undefined;
      readonly wantsProgress: boolean;
    }
  | {
      readonly type: 'createState';
      readonly call: number;
      readonly state: number;
      readonly specs: Readonly<Record<string, TensorSpec>>;
    }
  | { readonly type: 'useState'; readonly call: number; readonly state: number; readonly task: StateTask }
  | { readonly type: 'disposeState'; readonly state: number }
  | { readonly type: 'abort'; readonly call: number }
  | { readonly type: 'dispose'; readonly executable: number }
  | { readonly type: 'end'; readonly call: number }
  | { readonly type: 'planned'; readonly request: number; readonly planned: PlannedCall }
  | { readonly type: 'unplanned'; readonly request: number; readonly error: WireError }
  | { readonly type: 'ping' };

/** A method of a state, and its arguments. `fork` brings the number of the new state. */
export type StateTask =
  | { readonly method: 'read'; readonly name: string }
  | { readonly method: 'write'; readonly name: string; readonly tensor: Tensor }
  | { readonly method: 'reorder'; readonly rows: Int32Array; readonly names: readonly string[] }
  | { readonly method: 'fork'; readonly fork: number }
  | { readonly method: 'resize'; readonly name: string; readonly shape: readonly number[] };

/** The result of a call. */
export type Answer = Probe | Tensors | Tensor | EngineSpeed | undefined;

/**
 * The worker's question for the plan of an attention node, which the page answers by `planned`
 * or `unplanned`.
 *
 * The worker asks during a run, when it reaches the node, because only then the data is there that the plan
 * depends on: a mask or lengths may be computed by the graph itself. Nodes whose plan depends on no data are
 * asked for once, in their first run. The worker waits for the answer, but the page does not wait for the
 * worker, so that neither blocks the other.
 */
export interface PlanQuestion {
  readonly type: 'plan';
  readonly request: number;
  readonly executable: number;
  /** Index of the node. */
  readonly node: number;
  /** Run-time data that the plan depends on. */
  readonly data: PlanTensors;
}

/** A message from the worker. */
export type Response =
  | { readonly type: 'done'; readonly call: number; readonly value: Answer }
  | { readonly type: 'failed'; readonly call: number; readonly error: WireError }
  | { readonly type: 'progress'; readonly call: number; readonly progress: Progress }
  | PlanQuestion
  | { readonly type: 'pong' };
