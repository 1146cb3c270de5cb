/** Faults in hashing, sorting and attending by buckets. */
import type { LshAttentionAttributes } from '@attn/core/backend';
import { evaluateRounded, type Evaluate } from '../reference-backend.ts';
import { onNodes, type Fault } from './fault.testing.ts';

/** The reference with other attributes of `lshAttention`. */
function attending(
  change: (attributes: LshAttentionAttributes) => Partial<LshAttentionAttributes>,
): Fault['make'] {
  return onNodes((node) =>
    node.op === 'lshAttention'
      ? { ...node, attributes: { ...node.attributes, ...change(node.attributes) } }
      : node,
  );
}

/** Sorts equal elements in reverse order. */
const unstable: Evaluate = (graph, inputs) => {
  const outputs = evaluateRounded(graph, inputs);
  if (graph.nodes[0]?.op !== 'argsort') return outputs;
  const { shape, data } = outputs.out;
  const length = shape[shape.length - 1];
  const x = inputs.x.data;
  const sorted = Int32Array.from(data);
  for (let at = 0; at < sorted.length; at += length) {
    sorted.subarray(at, at + length).sort((a, b) => x[at + a] - x[at + b] || b - a);
  }
  return { out: { dtype: 'i32', shape, data: sorted } };
};

export const lshFaults: readonly Fault[] = [
  {
    name: 'the first chunk of a round does not look back at the round before',
    among: 'attn:lshAttention:*wrap*',
    make: attending(({ duplicates }) => (duplicates === 'lucidrains' ? {} : { wrap: false })),
  },
  {
    name: 'tokens of other buckets are seen',
    among: 'attn:lshAttention:*withinBuckets*',
    make: attending(() => ({ withinBuckets: false })),
  },
  {
    name: 'pairs count each time that they meet',
    among: 'attn:lshAttention:*duplicates=once*',
    make: attending(() => ({ duplicates: 'each' })),
  },
  {
    name: 'one chunk too many before',
    among: 'attn:lshAttention:*',
    make: attending(({ chunksBefore = 1 }) => ({ chunksBefore: chunksBefore + 1 })),
  },
  {
    name: 'later tokens are seen',
    among: 'attn:lshAttention:*causal*',
    make: attending(() => ({ causal: false })),
  },
  {
    name: 'keys are not quite of length 1',
    among: 'attn:lshAttention:n=40;*',
    make: attending(({ keyNorm }) => ({ keyNorm: keyNorm === 'l2' ? 'rms' : 'l2' })),
  },
  {
    name: 'hidden tokens are hashed like any other',
    among: 'attn:lshHash:*mask*',
    make: onNodes((node) => {
      const { x, rotations } = node.inputs;
      return node.op === 'lshHash' ? { ...node, inputs: { x, rotations } } : node;
    }),
  },
  { name: 'equal elements do not keep their order', among: 'attn:argsort:*', make: () => unstable },
];
