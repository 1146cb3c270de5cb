/**
 * What a graph should give: core's float64 reference for the values,
 * and for how far off they may be, the rules of `tolerance/`.
 *
 * A single op has exact inputs, so its rule is all there is. In a longer graph errors are carried on,
 * and bounding that in the worst case would soon allow anything (a dozen layers give 10¹⁶⁰). Instead
 * the reference is run again a few times with every intermediate value moved up or down by as much as
 * its own op may be off: so errors grow exactly as the graph makes them grow. Directions are random
 * with a fixed seed, but from trial to trial they change by a design: the errors of an op and of the
 * next ones add up in some trial, and do not cancel each other out in all.
 */
import { type Graph, type Tensors } from '@attn/core';
import { mulberry32, namedInputs, type NodeOf, type OpName } from '@attn/core/backend';
import { evaluateReference, references, type ReferenceTensor } from '@attn/core/reference';
import type { Expected } from './compare.ts';
import { nodeErrors } from './tolerance/index.ts';

/**
 * By trial: whether ops move their values the other way. Of each two
 * of these columns half the rows agree (Walsh, Hadamard).
 */
const TURNED = [
  [false, false, false, false],
  [false, true, false, true],
  [false, false, true, true],
  [false, true, true, false],
];

/** An unlucky backend may be off by this much more than the unluckiest of the trials. */
const SAFETY = 2;

/** The expected outputs of a graph, by name. */
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

/**
 * Every value of the graph in float64, by id: the reference, asked
 * for all of them instead of the outputs alone.
 */
function allValues(graph: Graph, inputs: Tensors): readonly ReferenceTensor[] {
  const outputs = new Map(graph.values.map((_, id) => [String(id), id]));
  const byName = evaluateReference({ ...graph, outputs }, inputs);
  return graph.values.map((_, id) => byName[String(id)]);
}

/** By id: how far off each value may be because of the op that makes it. Inputs and constants are exact. */
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
 * By id: how far off each value may be because of what came before. The largest deviation
 * over the trials and over the row (the last axis) that the element is in, times `SAFETY`.
 */
function carriedErrors(
  graph: Graph,
  exact: readonly ReferenceTensor[],
  own: readonly Float64Array[],
): readonly Float64Array[] {
  const carried = exact.map(({ data }) => new Float64Array(data.length));
  for (const turned of TURNED) {
    const random = mulberry32(1);
    const moved = [...exact];
    let sources = 0;
    for (const node of graph.nodes) {
      const isSource = node.outputs.some((id) => own[id].some((error) => error > 0));
      const up = isSource && turned[sources++ % turned.length] ? 1 : 0;
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

/** The largest numbers that do not become infinite when stored. */
const LIMITS: Partial<Record<string, number>> = { f32: 3.4028235677973366e38, f16: 65520 };

/** Numbers beyond the largest of the dtype are infinite once stored. */
function inDtype(graph: Graph, id: number, data: Float64Array): Float64Array {
  const limit = LIMITS[graph.values[id].dtype];
  if (limit === undefined) return data;
  return data.map((value) => (Math.abs(value) >= limit ? Math.sign(value) * Infinity : value));
}
