/**
 * The expected outputs of a graph: values by core's float64
 * reference, and tolerances by the rules of `tolerance/`.
 *
 * A single op has exact inputs, so its own rule is enough. In a longer graph errors are carried
 * on, and a bound for the worst case would soon allow anything (a dozen layers give 10¹⁶⁰).
 * Instead the reference runs again a few times, with every intermediate value moved up or down
 * by as much as its op may be off, so that errors grow exactly as the graph makes them grow.
 * Directions are random with a fixed seed, but from trial to trial they change by a design: the
 * errors of an op and of the next ops add up in some trial, and do not cancel out in all.
 */
import { type Graph, type Tensors } from '@attn/core';
import { mulberry32, namedInputs, type NodeOf, type OpName } from '@attn/core/backend';
import { evaluateReference, references, type ReferenceTensor } from '@attn/core/reference';
import type { Expected } from './compare.ts';
import { nodeErrors } from './tolerance/index.ts';

/**
 * For each trial (row), whether ops move their values the other way.
 * Any two columns agree in half of the rows (Walsh, Hadamard).
 */
const DIRECTIONS = [
  [false, false, false, false],
  [false, true, false, true],
  [false, false, true, true],
  [false, true, true, false],
];

/** A backend may be off by this many times the error of the worst trial. */
const SAFETY = 2;

/**
 * The expected outputs of a graph, by name.
 *
 * @example
 * const { out } = oracle(graph, inputs);
 * console.log(out.data, out.tolerance);
 */
export function oracle(graph: Graph, inputs: Tensors): Readonly<Record<string, Expected>> {
  const exact = allValues(graph, inputs);
  const own = ownErrors(graph, exact);
  const carried = graph.nodes.length > 1 ? carriedErrors(graph, exact, own) : undefined;
  const expected: Record<string, Expected> = {};
  for (const [name, id] of graph.outputs) {
    const { data } = exact[id];
    const tolerance = own[id].map((error, i) => error + (carried?.[id][i] ?? 0));
    expected[name] = { ...graph.values[id], data: inDtype(graph, id, data), tolerance };
  }
  return expected;
}

/** Every value of the graph in float64, by id: the reference with all values as outputs. */
function allValues(graph: Graph, inputs: Tensors): readonly ReferenceTensor[] {
  const outputs = new Map(graph.values.map((_, id) => [String(id), id]));
  const byName = evaluateReference({ ...graph, outputs }, inputs);
  return graph.values.map((_, id) => byName[String(id)]);
}

/** For each value, by id, how far off it may be because of its own op. Inputs and constants are exact. */
function ownErrors(graph: Graph, exact: readonly ReferenceTensor[]): readonly Float64Array[] {
  const errors: Float64Array[] = exact.map(({ data }) => new Float64Array(data.length));
  for (const node of graph.nodes) {
    const outputs = node.outputs.map((id) => exact[id]);
    const specs = node.outputs.map((id) => graph.values[id]);
    nodeErrors(node, namedInputs(node, exact), outputs, specs).forEach((error, index) => {
      errors[node.outputs[index]] = error;
    });
  }
  return errors;
}

/**
 * For each value, by id, how far off it may be because of earlier ops: the largest deviation
 * over the trials and over the row (the last axis) of the element, times `SAFETY`.
 */
function carriedErrors(
  graph: Graph,
  exact: readonly ReferenceTensor[],
  own: readonly Float64Array[],
): readonly Float64Array[] {
  const carried = exact.map(({ data }) => new Float64Array(data.length));
  for (const flips of DIRECTIONS) {
    const random = mulberry32(1);
    const moved = [...exact];
    let sources = 0;
    for (const node of graph.nodes) {
      const isSource = node.outputs.some((id) => own[id].some((error) => error > 0));
      const up = isSource && flips[sources++ % flips.length] ? 1 : 0;
      reference(node, moved).forEach(({ shape, data }, index) => {
        const id = node.outputs[index];
        spreadOverRows(data, exact[id], carried[id]);
        moved[id] = {
          shape,
          data: data.map((value, i) => value + own[id][i] * (random() % 2 === up ? 1 : -1)),
        };
      });
    }
  }
  return carried;
}

function reference<K extends OpName>(
  node: NodeOf<K>,
  values: readonly ReferenceTensor[],
): readonly ReferenceTensor[] {
  return references[node.op](namedInputs(node, values), node.attributes);
}

function spreadOverRows(moved: Float64Array, { shape, data }: ReferenceTensor, carried: Float64Array): void {
  const width = shape.at(-1) ?? 1;
  for (let start = 0; start < data.length; start += width) {
    let most = 0;
    for (let i = start; i < start + width; i++) {
      if (Number.isFinite(data[i])) most = Math.max(most, Math.abs(moved[i] - data[i]));
    }
    for (let i = start; i < start + width; i++) carried[i] = Math.max(carried[i], SAFETY * most);
  }
}

/** Numbers from this on become infinite when they are stored. */
const LIMITS: Partial<Record<string, number>> = { f32: 3.4028235677973366e38, f16: 65520 };

/** Values as the dtype stores them: numbers beyond its largest are infinite. */
function inDtype(graph: Graph, id: number, data: Float64Array): Float64Array {
  const limit = LIMITS[graph.values[id].dtype];
  if (limit === undefined) return data;
  return data.map((value) => (Math.abs(value) >= limit ? Math.sign(value) * Infinity : value));
}
