/** Faults in products with quantised weights, and in tables of them. */
import type { Tensor } from '@attn/core';
import { type GraphNode } from '@attn/core/backend';
import { evaluateRounded, type Evaluate } from '../reference-backend.ts';
import { giving, onNodes, type Fault } from './fault.testing.ts';

/** The reference with other constants; `change` gets the node that they are of, and their name in it. */
const withConstants =
  (change: (name: string, tensor: Tensor, node: GraphNode) => Tensor): (() => Evaluate) =>
  () =>
  (graph, inputs) => {
    const [node] = graph.nodes;
    const constants = new Map(graph.constants);
    for (const [name, id] of Object.entries(node.inputs)) {
      const tensor = graph.constants.get(id);
      if (tensor !== undefined) constants.set(id, change(name, tensor, node));
    }
    return evaluateRounded({ ...graph, constants }, inputs);
  };

const bitsOf = (node: GraphNode): unknown => ('bits' in node.attributes ? node.attributes.bits : undefined);

const swapNibbles = withConstants((name, tensor, node) =>
  name === 'codes' && bitsOf(node) === 4
    ? { ...tensor, data: tensor.data.map((byte) => (byte >> 4) | ((byte & 15) << 4)) }
    : tensor,
);

/** The middle code for each zero point, which is what a missing one stands for. */
const ignoreZeros = withConstants((name, tensor, node) =>
  name === 'zeroPoints'
    ? { ...tensor, data: tensor.data.map(() => (bitsOf(node) === 4 ? 0x88 : 128)) }
    : tensor,
);

const firstScale = withConstants((name, tensor) => {
  if (name !== 'scales') return tensor;
  const blocks = tensor.shape[1];
  return { ...tensor, data: tensor.data.map((_, i) => tensor.data[Math.floor(i / blocks) * blocks]) };
});

const signedCodes = withConstants((name, tensor, node) =>
  name === 'codes' && bitsOf(node) === 8
    ? { ...tensor, data: tensor.data.map((code) => code ^ 128) }
    : tensor,
);

const swapBytes = withConstants((name, tensor, node) =>
  name === 'codes' && bitsOf(node) === 16
    ? { ...tensor, data: tensor.data.map((_, i) => tensor.data[i ^ 1]) }
    : tensor,
);

/** Reads bytes as the other form of halves. */
const otherHalves = onNodes((node) =>
  (node.op === 'quantizedLinear' || node.op === 'quantizedEmbedding') && node.attributes.float !== undefined
    ? ({
        ...node,
        attributes: { ...node.attributes, float: node.attributes.float === 'f16' ? 'bf16' : 'f16' },
      } as typeof node)
    : node,
);

/** Cuts the inputs of a product off at integers of the form, where they should be rounded. */
const cutOff: Evaluate = (graph, inputs) => {
  const [node] = graph.nodes;
  if (node.op !== 'quantizedLinear') return evaluateRounded(graph, inputs);
  const { x } = inputs;
  const limit = node.attributes.inputs === 'int12' ? 2047 : 127;
  const length = x.shape[x.shape.length - 1];
  const data = x.data.map((value, i) => {
    const row = x.data.subarray(i - (i % length), i - (i % length) + length) as Float32Array;
    const step = row.reduce((most, each) => Math.max(most, Math.abs(each)), 0) / limit;
    return Math.trunc(value / step) * step;
  });
  return evaluateRounded(graph, { ...inputs, x: { ...x, data } });
};

export const quantizedFaults: readonly Fault[] = [
  ...(['quantizedLinear', 'quantizedEmbedding'] as const).flatMap((op): Fault[] => [
    { name: `${op}: the second of two codes first`, among: `attn:${op}:*bits=4*`, make: swapNibbles },
    { name: `${op}: zero points are ignored`, among: `attn:${op}:*zeroPoints=*`, make: ignoreZeros },
    { name: `${op}: the first scale for all blocks of a row`, among: `attn:${op}:*`, make: firstScale },
    { name: `${op}: codes of 8 bits are signed`, among: `attn:${op}:*bits=8*`, make: signedCodes },
    { name: `${op}: the high byte of halves first`, among: `attn:${op}:*bits=16*`, make: swapBytes },
    { name: `${op}: halves of the other form`, among: `attn:${op}:*bits=16*`, make: otherHalves },
  ]),
  {
    name: 'quantizedLinear: the inputs are not rounded to integers',
    among: 'attn:quantizedLinear:*inputs=int8*',
    make: onNodes((node) =>
      node.op === 'quantizedLinear' ? { ...node, attributes: { ...node.attributes, inputs: 'float' } } : node,
    ),
  },
  {
    name: 'quantizedLinear: integers are cut off instead of rounded',
    among: 'attn:quantizedLinear:*inputs=int12*',
    make: () => cutOff,
  },
  {
    name: 'quantizedLinear: integers of 8 bits for those of 12',
    among: 'attn:quantizedLinear:*inputs=int12*',
    make: onNodes((node) =>
      node.op === 'quantizedLinear' && node.attributes.inputs === 'int12'
        ? { ...node, attributes: { ...node.attributes, inputs: 'int8' } }
        : node,
    ),
  },
  {
    name: 'quantizedLinear: a row that is not finite gives zeros',
    among: 'attn:quantizedLinear:*plant=*',
    make: giving(({ out }) => out.data.forEach((value, i) => value !== value && (out.data[i] = 0))),
  },
];
