/** What a page and its engine's worker say to each other. Everything here survives structured cloning. */
import {
  AttnError,
  type AttnErrorCode,
  type Probe,
  type Progress,
  type Tensors,
  type TensorSpec,
} from '@attn/core';
import { type GraphNode, type PlannedCall, type PlanTensors } from '@attn/core/backend';
import type { EngineSpeed } from '../engine/speed.ts';
import type { HostOptions } from '../host.ts';

/** A graph without patterns, which are code: attention nodes have their plans made by the page. */
export interface WireGraph {
  readonly values: readonly TensorSpec[];
  readonly nodes: readonly WireNode[];
  readonly inputs: ReadonlyMap<string, number>;
  readonly outputs: ReadonlyMap<string, number>;
  readonly constants: ReadonlyMap<number, Tensors[string]>;
}

/** A node; the attributes of attention stay with the page. */
export type WireNode = Pick<GraphNode, 'op' | 'inputs' | 'outputs'> & { readonly attributes: object };

/** Options of the engine: those of a host that can be sent. */
export type StartOptions = Omit<HostOptions, 'startHelper' | 'startEngine' | 'heapStart'>;

/** From the page. A `call` is answered by `done` or `failed` with its number. */
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
      readonly wantsProgress: boolean;
    }
  | { readonly type: 'abort'; readonly call: number }
  | { readonly type: 'dispose'; readonly executable: number }
  | { readonly type: 'end'; readonly call: number }
  | { readonly type: 'planned'; readonly request: number; readonly planned: PlannedCall }
  | { readonly type: 'unplanned'; readonly request: number; readonly error: WireError }
  | { readonly type: 'ping' };

/** What a call comes to. */
export type Answer = Probe | Tensors | EngineSpeed | undefined;

/** From the worker. */
export type Response =
  | { readonly type: 'done'; readonly call: number; readonly value: Answer }
  | { readonly type: 'failed'; readonly call: number; readonly error: WireError }
  | { readonly type: 'progress'; readonly call: number; readonly progress: Progress }
  | {
      readonly type: 'plan';
      readonly request: number;
      readonly executable: number;
      /** Index of the node. */
      readonly node: number;
      /** Run-time data that the plan depends on. */
      readonly data: PlanTensors;
    }
  | { readonly type: 'pong' };

/** An error on its way. */
export interface WireError {
  readonly code: AttnErrorCode;
  readonly message: string;
}

/** An error as a message. */
export function toWire(error: unknown): WireError {
  if (error instanceof AttnError) return { code: error.code, message: error.message };
  return {
    code: 'INTERNAL',
    message: `[attn/wasm] ${error instanceof Error ? error.message : String(error)}`,
  };
}

/** A message as an error: what stands in brackets goes back to where it came from. */
export function fromWire({ code, message }: WireError): AttnError {
  const [, pkg = 'wasm', op, text = message] = /^\[attn\/([^\]]*)\] (?:(\w+): )?(.*)$/s.exec(message) ?? [];
  return new AttnError(code, op === undefined ? pkg : `${pkg}/${op}`, text);
}
