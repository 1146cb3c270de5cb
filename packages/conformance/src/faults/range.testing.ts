/** Faults of a softmax that is right only for ordinary logits. */
import { full, GraphBuilder, type Tensor } from '@attn/core';
import { mergeStates, type AttentionState } from '@attn/core/backend';
import { evaluateRounded, type Evaluate } from '../reference-backend.ts';
import { evaluateBiased, giving, type Fault } from './fault.testing.ts';

/**
 * The reference with changed rows of attention: `factorOf` returns
 * the factor of a row's weights from its lse.
 */
const withWeights = (factorOf: (lse: number) => number): (() => Evaluate) =>
  giving((outputs) => {
    if (outputs.lse === undefined) return;
    const width = outputs.out.data.length / outputs.lse.data.length;
    const factors = Float64Array.from(outputs.lse.data, (lse) => factorOf(lse));
    const isLost = (row: number): boolean => factors[row] === 0;
    const change = (tensor: Tensor, per: number, lost: number): Tensor => ({
      ...tensor,
      data: tensor.data.map((value, i) => {
        const row = Math.floor(i / per);
        return isLost(row) ? lost : factors[row] === Infinity ? NaN : value;
      }),
    });
    outputs.out = change(outputs.out, width, 0);
    outputs.lse = change(outputs.lse, 1, -Infinity);
  });

/** Gives hidden pairs a logit of −10³⁰. */
const finiteMask: Evaluate = (graph, inputs) => {
  const [node] = graph.nodes;
  if (node?.op !== 'attention' || inputs.bias) return evaluateRounded(graph, inputs);
  const { pattern } = node.attributes;
  const open = { ...node, attributes: { ...node.attributes, pattern: full() } };
  return evaluateBiased(graph, open, inputs, (b, h, q, k) => (pattern.allows(b, h, q, k) ? 0 : -1e30));
};

/** Computes two halves of the keys separately, and merges the results by their lse in float32. */
const mergedByLse: Evaluate = (graph, inputs) => {
  const [node] = graph.nodes;
  const whole = evaluateRounded(graph, inputs);
  if (node?.op !== 'attention' || inputs.keyMask || whole.lse === undefined) return whole;
  const [batch, , keys] = inputs.k.shape;
  const builder = new GraphBuilder();
  const keyMask = { dtype: 'bool', shape: [batch, keys] } as const;
  const entries = Object.entries({ ...inputs, keyMask });
  const values = Object.fromEntries(entries.map(([name, spec]) => [name, builder.input(name, spec)]));
  const { q, k, v, ...others } = values;
  const part = builder.build({ ...builder.attention({ ...others, q, k, v }, node.attributes) });
  const states = [true, false].map((isFirst): AttentionState => {
    const data = Uint8Array.from({ length: batch * keys }, (_, i) => Number(i % keys < 64 === isFirst));
    const { out, lse } = evaluateRounded(part, { ...inputs, keyMask: { ...keyMask, data } });
    return { out, lse };
  });
  return mergeStates(states);
};

/** Computes the rounds of LSH attention separately, and merges the results by their lse in float32. */
const roundsByLse: Evaluate = (graph, inputs) => {
  const [node] = graph.nodes;
  const whole = evaluateRounded(graph, inputs);
  if (node?.op !== 'lshAttention' || inputs.keyMask || whole.lse === undefined) return whole;
  const [batch, heads, rounds, n] = inputs.order.shape;
  // Only if rounds are independent of each other.
  if (rounds === 1 || node.attributes.wrap || (node.attributes.duplicates ?? 'each') !== 'each') return whole;
  const shape = [batch, heads, 1, n];
  const [order] = [...graph.inputs].flatMap(([name, id]) => (name === 'order' ? [id] : []));
  const values = graph.values.map((spec, id) => (id === order ? { ...spec, shape } : spec));
  const states = Array.from({ length: rounds }, (_, round): AttentionState => {
    const data = Int32Array.from(inputs.order.data.filter((_, i) => Math.floor(i / n) % rounds === round));
    const { out, lse } = evaluateRounded(
      { ...graph, values },
      { ...inputs, order: { dtype: 'i32', shape, data } },
    );
    return { out, lse };
  });
  const { out, lse } = mergeStates(states);
  const width = out.data.length / lse.data.length;
  // A token that sees nothing attends to itself.
  const data = out.data.map((value, i) =>
    lse.data[Math.floor(i / width)] === -Infinity ? whole.out.data[i] : value,
  );
  return { out: { ...out, data }, lse };
};

export const rangeFaults: readonly Fault[] = [
  {
    name: 'maxima that begin at −10³⁰',
    among: 'attn:attention:*bias*e+*',
    make: withWeights((lse) => (lse < -1e30 ? 0 : 1)),
  },
  {
    name: 'max · log₂ e rounded to float32, and so far off that powers of 2 end',
    among: 'attn:attention:*biasData=ones*',
    make: withWeights((lse) => Math.fround(2 ** (Math.fround(lse * Math.LOG2E) - lse * Math.LOG2E))),
  },
  {
    name: 'max · log₂ e overflows',
    among: 'attn:graph:additive-left-padded',
    make: giving((outputs) => {
      const { shape, data } = outputs.second;
      // The rows of padding have the least float32 as their greatest logit.
      const padded = (i: number): boolean => Math.floor(i / shape[2]) % shape[1] < 9;
      outputs.second = { ...outputs.second, data: data.map((value, i) => (padded(i) ? NaN : value)) };
    }),
  },
  {
    name: 'a finite number for what is hidden',
    among: 'attn:attention:causal;*data=halves*',
    make: () => finiteMask,
  },
  {
    name: 'parts of a row are merged by an lse in float32',
    among: 'attn:attention:full;n=700;*',
    make: () => mergedByLse,
  },
  {
    name: 'rounds are merged by an lse in float32',
    among: 'attn:lshAttention:*data=signs*',
    make: () => roundsByLse,
  },
  {
    name: 'maxima of slices that begin at −3.4e38',
    among: 'attn:softmax:*',
    make: giving(({ out }, { x }) => {
      if (x.data.every((value) => value < -3.4e38)) out.data.fill(0);
    }),
  },
];
