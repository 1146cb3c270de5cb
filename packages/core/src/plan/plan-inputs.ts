/** Which inputs of an attention call decide on its plan; of all others a plan knows the shapes alone. */
import type { Graph, NodeOf, ValueId } from '../graph/graph.ts';
import { hostTensors } from '../host/host-tensors.ts';
import type { Tensor } from '../tensor.ts';

/** Inputs of an attention call whose content decides on its plan, and so has to be in host memory. */
export const PLAN_INPUTS = ['keyMask', 'queryMask', 'globalMask', 'segmentIds', 'keyLengths'] as const;

/** The name of an input that decides on plans. */
export type PlanInput = (typeof PLAN_INPUTS)[number];

/** What a plan reads of a call's inputs, as far as the call has them. */
export type PlanTensors = Readonly<Partial<Record<PlanInput, Tensor>>>;

/** A record with a value for each input that decides on plans. */
export function byPlanInput<T>(valueOf: (name: PlanInput) => T): Record<PlanInput, T> {
  return Object.fromEntries(PLAN_INPUTS.map((name) => [name, valueOf(name)])) as Record<PlanInput, T>;
}

/** The values of a node that decide on its plan. */
export function planValues({ inputs }: NodeOf<'attention'>): ValueId[] {
  return PLAN_INPUTS.flatMap((name) => inputs[name] ?? []);
}

/**
 * What a node's plan reads, from the graph's constants and those of its inputs that are in host memory.
 * `inputs` may lack those that no plan reads.
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
 * Why a backend that makes plans on the host cannot run the node: the graph computes what decides on its
 * plan. Undefined when nothing is in the way.
 */
export function planObstacle(graph: Graph, { inputs }: NodeOf<'attention'>): string | undefined {
  const known = new Set([...graph.inputs.values(), ...graph.constants.keys()]);
  const computed = PLAN_INPUTS.find((name) => inputs[name] !== undefined && !known.has(inputs[name]));
  return computed && `${computed} must be an input or a constant of the graph, not computed by it`;
}
