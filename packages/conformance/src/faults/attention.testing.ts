/**
 * Faults in the meaning of attention: ignored options, windows off by
 * one, keys that count twice, wrong heads.
 */
import { patternFromJson, type Tensor, type Tensors } from '@attn/core';
import { type AttentionAttributes, type NodeOf } from '@attn/core/backend';
import { evaluateRounded, type Evaluate } from '../reference-backend.ts';
import { evaluateBiased, fedWith, onNodes, type Fault } from './fault.testing.ts';

type Attention = NodeOf<'attention'>;

/** The reference on a graph with changed attention nodes. */
const onAttention = (change: (node: Attention) => Partial<Attention>): (() => Evaluate) =>
  onNodes((node) => (node.op === 'attention' ? { ...node, ...change(node) } : node));

/** The reference without some optional inputs of the attention node. */
const without = (...names: string[]): (() => Evaluate) =>
  onAttention(({ inputs }) => ({
    inputs: Object.fromEntries(Object.entries(inputs).filter(([name]) => !names.includes(name))),
  }));

const withAttributes = (
  change: (attributes: AttentionAttributes) => Partial<AttentionAttributes>,
): (() => Evaluate) =>
  onAttention(({ attributes }) => ({ attributes: { ...attributes, ...change(attributes) } }));

/** The reference with every sliding window of the pattern changed. */
function withWindow(change: (window: Record<string, unknown>) => Record<string, unknown>): () => Evaluate {
  const walk = (json: unknown): unknown => {
    if (Array.isArray(json)) return json.map(walk);
    if (typeof json !== 'object' || json === null) return json;
    const copy = Object.fromEntries(Object.entries(json).map(([name, value]) => [name, walk(value)]));
    return copy.type === 'slidingWindow' ? change(copy) : copy;
  };
  return withAttributes(({ pattern }) => ({ pattern: patternFromJson(walk(pattern.toJSON())) }));
}

/** A [batch, …] tensor whose rows all equal its first row. */
function firstRowEverywhere(value: Tensor): Tensor {
  const width = value.data.length / value.shape[0];
  return { ...value, data: value.data.map((_, i) => value.data[i % width]) };
}

/** Counts pairs twice that both the window and the global tokens allow: log 2 is added to their logits. */
const countedTwice: Evaluate = (graph, inputs) => {
  const [node] = graph.nodes;
  if (node?.op !== 'attention' || inputs.bias) return evaluateRounded(graph, inputs);
  const parts = node.attributes.pattern.toJSON().of;
  const children = Array.isArray(parts) ? parts.map(patternFromJson) : [];
  if (children.some((child) => child.inputs.length > 0)) return evaluateRounded(graph, inputs);
  return evaluateBiased(graph, node, inputs, (b, h, q, k) => {
    const count = children.filter((child) => child.allows(b, h, q, k)).length;
    return Math.log(Math.max(1, count));
  });
};

export const attentionFaults: readonly Fault[] = [
  { name: 'ignores the key mask', among: 'attn:attention:*keyMask*', make: without('keyMask') },
  { name: 'ignores the query mask', among: 'attn:attention:*queryMask*', make: without('queryMask') },
  { name: 'ignores the bias', among: 'attn:attention:*bias=*', make: without('bias') },
  { name: 'ignores ALiBi', among: 'attn:attention:*alibi*', make: without('alibiSlopes') },
  {
    name: 'ignores the table of relative positions',
    among: 'attn:attention:*relative=*',
    make: without('relativeBias'),
  },
  {
    name: 'ignores separate global projections',
    among: 'attn:attention:*separate*',
    make: without('qGlobal', 'kGlobal', 'vGlobal'),
  },
  {
    name: 'ignores the query offset',
    among: 'attn:attention:*nq=*',
    make: withAttributes(() => ({ queryOffset: 0 })),
  },
  {
    name: 'ignores the soft cap',
    among: 'attn:attention:*softcap*',
    make: withAttributes(() => ({ softcap: undefined })),
  },
  {
    name: 'ignores the scale',
    among: 'attn:attention:*scale=*',
    make: withAttributes(() => ({ scale: undefined })),
  },
  {
    name: 'scales by 1 instead of 1/√d',
    among: 'attn:attention:full;*',
    make: withAttributes(({ scale = 1 }) => ({ scale })),
  },
  {
    name: 'a window one too narrow',
    among: 'attn:attention:window=3;*',
    make: withWindow((w) => ({ ...w, before: Math.max(0, Number(w.before) - 1) })),
  },
  {
    name: 'a window one too wide',
    among: 'attn:attention:window=3;*',
    make: withWindow((w) => ({ ...w, after: Number(w.after) + 1 })),
  },
  {
    name: 'no dilation',
    among: 'attn:attention:*dilation*',
    make: withWindow((w) => ({ ...w, dilation: 1 })),
  },
  {
    name: 'the dilation of the first head for all',
    among: 'attn:attention:*dilation=*,*',
    make: withWindow((w) => ({
      ...w,
      dilation: Array.isArray(w.dilation) ? Number(w.dilation[0]) : (w.dilation ?? 1),
    })),
  },
  {
    name: 'global tokens counted twice',
    among: 'attn:attention:window=3+global=*',
    make: () => countedTwice,
  },
  {
    name: 'the masks of the first batch row for all',
    among: 'attn:attention:*batch=*Mask*',
    make: fedWith((inputs) => {
      const masks = Object.entries(inputs).filter(([name]) => name.endsWith('Mask'));
      return Object.fromEntries(masks.map(([name, value]) => [name, firstRowEverywhere(value)]));
    }),
  },
  {
    name: 'a plan that is remembered although its data changed',
    among: 'attn:attention:*Mask*',
    make: () => {
      const remembered = new Map<string, Tensors>();
      return (graph, inputs) => {
        const masks = Object.fromEntries(Object.entries(inputs).filter(([name]) => name.endsWith('Mask')));
        const first = remembered.get(graph.key) ?? masks;
        remembered.set(graph.key, first);
        return evaluateRounded(graph, { ...inputs, ...first });
      };
    },
  },
  {
    name: 'key/value head h mod kvHeads',
    among: 'attn:attention:*kvHeads=2*',
    make: () => (graph, inputs) => {
      // With q's heads in the order of a wrong pairing, the reference pairs them wrongly too.
      const heads = inputs.q.shape[1];
      const kvHeads = inputs.k.shape[1];
      const order = Array.from(
        { length: heads },
        (_, h) => (h % (heads / kvHeads)) * kvHeads + Math.floor(h / (heads / kvHeads)),
      );
      const rows = inputs.q.data.length / heads;
      const move = (value: Tensor, back: boolean): Tensor => {
        const data = value.data.slice();
        const size = value.data.length / heads;
        order.forEach((from, to) =>
          data.set(
            value.data.subarray((back ? to : from) * size, ((back ? to : from) + 1) * size),
            (back ? from : to) * size,
          ),
        );
        return { ...value, data };
      };
      if (inputs.q.shape[0] > 1 || rows === 0) return evaluateRounded(graph, inputs);
      const outputs = evaluateRounded(graph, { ...inputs, q: move(inputs.q, false) });
      return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, move(value, true)]));
    },
  },
];
