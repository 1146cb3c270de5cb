/** Which inputs of an attention call decide its plan. Of all others a plan knows only the shapes. */
import type { Graph, NodeOf, ValueId } from '../graph/graph.ts';
import { hostTensors } from '../host/host-tensors.ts';
import type { Tensor } from '../tensor.ts';

/** Inputs of an attention call whose content decides its plan, so that they must be in host memory. */
export const PLAN_INPUTS = [
  'keyMask',
  'queryMask',
  'globalMask',
  'segmentIds',
  'keyLengths',
  'mask',
] as const;

/** The name of an input whose content decides plans. */
export type PlanInput = (typeof PLAN_INPUTS)[number];

/** The tensors of a call that its plan reads; absent where the call has no such input. */
export type PlanTensors = Readonly<Partial<Record<PlanInput, Tensor>>>;

/** Makes a record with a value for each of `PLAN_INPUTS`. */
export function byPlanInput<T>(valueOf: (name: PlanInput) => T): Record<PlanInput, T> {
  return Object.fromEntries(PLAN_INPUTS.map((name) => [name, valueOf(name)])) as Record<PlanInput, T>;
}

/** The ids of the values that decide a node's plan. */
export function planValues({ inputs }: NodeOf<'attention'>): ValueId[] {
  return PLAN_INPUTS.flatMap((name) => inputs[name] ?? []);
}

/**
 * The tensors that a node's plan reads: constants of the graph, or inputs in host memory. `inputs` may lack
 * the inputs that no plan reads.
 */
export function planTensors(
  graph: Graph,
  { inputs: values }: NodeOf<'attention'>,
  inputs: Readonly<Record<string, Tensor>>,
): PlanTensors {
  const tensorOf = hostTensors(graph, inputs);
  return byPlanInput((name) => (values[name] === undefined ? undefined : tensorOf(values[name])));
}

/**
 * Why a backend that plans on the host cannot run a node: the graph computes a value that decides the node's
 * plan. Undefined if it can.
 */
export function planObstacle(graph: Graph, { inputs }: NodeOf<'attention'>): string | undefined {
  const readable = new Set([...graph.inputs.values(), ...graph.constants.keys()]);
  const computed = PLAN_INPUTS.find((name) => inputs[name] !== undefined && !readable.has(inputs[name]));
  return computed && `${computed} must be an input or a constant of the graph, not computed by it`;
}
