/** Faults in the other ops, and in the execution of graphs. */
import type { Graph } from '@attn/core';
import { evaluateRounded, type Evaluate } from '../reference-backend.ts';
import { fedWith, giving, onNodes, type Fault } from './fault.testing.ts';
import { pointwiseFaults } from './pointwise.testing.ts';

/** Sums in float32, one after another, of squares that are not centred. */
const onePassVariance: Evaluate = (graph, inputs) => {
  const [node] = graph.nodes;
  if (node?.op !== 'layerNorm') return evaluateRounded(graph, inputs);
  const { x } = inputs;
  const n = x.shape[x.shape.length - 1];
  const data = new Float32Array(x.data.length);
  for (let start = 0; start < data.length; start += n) {
    let [sum, squares] = [0, 0];
    for (const value of x.data.subarray(start, start + n)) {
      sum = Math.fround(sum + value);
      squares = Math.fround(squares + Math.fround(value * value));
    }
    const variance = Math.fround(squares / n - Math.fround((sum / n) ** 2));
    for (let i = start; i < start + n; i++)
      data[i] = (x.data[i] - sum / n) / Math.sqrt(variance + node.attributes.eps);
  }
  const [name] = graph.outputs.keys();
  return { [name]: { dtype: 'f32', shape: x.shape, data } };
};

/** Runs ops of one operand in place: whoever reads the operand later sees the result. */
const inPlace: Evaluate = (graph, inputs) => {
  const seenAs = new Map<number, number>();
  const nodes = graph.nodes.map((node) => {
    const renamed = Object.entries(node.inputs).map(([name, id]) => [name, seenAs.get(id) ?? id]);
    const [operand] = Object.values(node.inputs);
    if (Object.keys(node.inputs).length === 1) seenAs.set(operand, node.outputs[0]);
    return { ...node, inputs: Object.fromEntries(renamed) };
  });
  const changed: Graph = { ...graph, nodes };
  return evaluateRounded(changed, inputs);
};

export const opFaults: readonly Fault[] = [
  {
    name: 'softmax over the last axis, whichever was asked for',
    among: 'attn:softmax:*',
    make: onNodes((node, { values }) =>
      node.op === 'softmax'
        ? { ...node, attributes: { axis: values[node.outputs[0]].shape.length - 1 } }
        : node,
    ),
  },
  {
    name: 'rows that are written from the first on',
    among: 'attn:writeRows:*',
    make: fedWith(({ at }) => ({ at: { ...at, data: Int32Array.of(0) } })),
  },
  {
    name: 'maxima that start at 0',
    among: 'attn:reduce:*kind=max*',
    make: giving(({ out }) => out.data.forEach((value, i) => value < 0 && (out.data[i] = 0))),
  },
  {
    name: 'sums for means',
    among: 'attn:reduce:*kind=mean*',
    make: onNodes((node) =>
      node.op === 'reduce' ? { ...node, attributes: { ...node.attributes, kind: 'sum' } } : node,
    ),
  },
  {
    name: 'masking by a product with 0, which keeps NaN',
    among: 'attn:mask:*NaN*',
    make: giving(({ out }, { x }) => x.data.forEach((value, i) => value !== value && (out.data[i] = NaN))),
  },
  ...pointwiseFaults,
  {
    name: 'no fused activation',
    among: 'attn:linear:*activation*',
    make: onNodes((node) => (node.op === 'linear' ? { ...node, attributes: {} } : node)),
  },
  {
    name: 'a square product is stored transposed',
    among: 'attn:matmul:*',
    make: giving((outputs) => {
      const { shape, data } = outputs.out;
      const n = shape[shape.length - 1];
      if (shape.length === 2 && shape[0] === n) {
        outputs.out = { ...outputs.out, data: data.map((_, i) => data[(i % n) * n + Math.floor(i / n)]) };
      }
    }),
  },
  {
    name: 'the last of equal numbers comes first',
    among: 'attn:topK:*data=*',
    make: giving(({ out1: places }, { x }) => {
      const length = x.shape[x.shape.length - 1];
      const k = places.shape[places.shape.length - 1];
      places.data.forEach((place, i) => {
        const row = x.data.subarray(Math.floor(i / k) * length, (Math.floor(i / k) + 1) * length);
        places.data[i] = row.lastIndexOf(row[place]);
      });
    }),
  },
  {
    name: 'the first expert for all',
    among: 'attn:expertLinear:*',
    make: fedWith(({ experts }) => ({ experts: { ...experts, data: experts.data.map(() => 0) } })),
  },
  {
    name: 'experts of one row for the next',
    among: 'attn:expertLinear:*',
    make: fedWith(({ experts }) => ({ experts: { ...experts, data: experts.data.toReversed() } })),
  },
  { name: 'variance from sums that are not centred', among: 'attn:layerNorm:*', make: () => onePassVariance },
  {
    name: 'padding is projected like the rest',
    among: 'attn:linformer:*keyMask=*',
    make: fedWith(({ keyMask }) => ({ keyMask: { ...keyMask, data: keyMask.data.map(() => 1) } })),
  },
  {
    name: 'the last columns of a projection for those that are too many',
    among: 'attn:linformer:*nMax=*',
    make: onNodes((node, { values }) => {
      if (node.op !== 'slice') return node;
      const { shape } = values[node.inputs.x];
      const starts = shape.map((extent, axis) => extent - node.attributes.ends[axis]);
      return { ...node, attributes: { starts, ends: shape } };
    }),
  },
  {
    name: 'ops run in place although their operand is read again',
    among: 'attn:graph:*',
    make: () => inPlace,
  },
];
