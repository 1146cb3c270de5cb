/**
 * Cases of several nodes: where a backend's own graph execution can go wrong although each op is right.
 * Values that are used twice, outputs that are inputs, views of views, memory that is reused while it is
 * still needed.
 */
import { f32, slidingWindow, where, type Value } from '@attn/core';
import type { ConformanceCase } from '../case.ts';
import { encoderLayer, graphCase, type Attend } from './graph-case.ts';

/** Attention in a window, which is what Longformer has. */
const windowed: Attend = (builder, heads) =>
  builder.attention(heads, { pattern: slidingWindow({ before: 3, after: 3 }) }).out;

/** Rows and columns of a picture of 16 × 16, which no single order makes cheap. */
const axial = where(({ q, k }) =>
  q
    .div(16)
    .eq(k.div(16))
    .or(q.mod(16).eq(k.mod(16))),
);

export const graphCases: readonly ConformanceCase[] = [
  graphCase(
    'attention-in-parts',
    'Rows and columns of a picture are attention calls in different orders, merged by their log-sum-exps.',
    ({ builder, input }) => {
      const [q, k, v] = ['q', 'k', 'v'].map((name) => input(name, [1, 2, 256, 8]));
      return { out: builder.attention({ q, k, v }, { pattern: axial }).out };
    },
  ),
  graphCase(
    'value-used-twice',
    'A value that two nodes read must outlive the first of them.',
    ({ builder, input }) => {
      const x = builder.relu(input('x', [3, 4]));
      return { out: builder.add(builder.tanh(x), builder.mul(x, x)) };
    },
  ),
  graphCase('same-value-both-operands', 'a·aᵀ of one value.', ({ builder, input }) => {
    const x = input('x', [5, 7]);
    return { out: builder.matmul(x, x, { transposeB: true }) };
  }),
  graphCase(
    'best-logits',
    'The likeliest token, the best ones, and the sum by which logits become probabilities: the end of a step.',
    ({ builder, input }) => {
      const logits = input('logits', [3, 70]);
      const { values, indices } = builder.topK(logits, 4);
      const shares = builder.exp(builder.sub(logits, builder.slice(values, [0, 0], [3, 1])));
      const sums = builder.reduce(shares, -1, 'sum');
      return { token: builder.argmax(logits), values, indices, sums };
    },
  ),
  graphCase('output-is-input', 'An output that is an input is a copy of it.', ({ builder, input }) => {
    const x = input('x', [3, 4]);
    return { out: x, sum: builder.add(x, x) };
  }),
  graphCase(
    'output-is-view-of-input',
    'So is an output that is a view of an input.',
    ({ builder, input }) => {
      return { out: builder.reshape(input('x', [3, 4]), [2, 6]) };
    },
  ),
  graphCase(
    'output-is-constant',
    'An output may be known when the graph is compiled.',
    ({ builder, input, weight }) => {
      const w = weight('w', [4]);
      return { out: w, sum: builder.add(input('x', [3, 4]), w) };
    },
  ),
  graphCase(
    'two-names-for-one-value',
    'Two outputs of the same value do not share memory.',
    ({ builder, input }) => {
      const y = builder.relu(input('x', [3, 4]));
      return { first: y, second: y, third: builder.reshape(y, [12]) };
    },
  ),
  graphCase(
    'output-read-later',
    'An output that later nodes read is not overwritten by them.',
    ({ builder, input }) => {
      const y = builder.tanh(input('x', [3, 4]));
      return { early: y, late: builder.relu(builder.add(y, y)) };
    },
  ),
  graphCase('view-of-view', 'Reshapes of reshapes, then a transposition.', ({ builder, input }) => {
    const y = builder.reshape(builder.reshape(builder.relu(input('x', [2, 3, 4])), [6, 4]), [4, 3, 2]);
    return { out: builder.transpose(y, [2, 0, 1]) };
  }),
  graphCase(
    'view-outlives-owner',
    'The owner of a view is read before the view is.',
    ({ builder, input }) => {
      const y = builder.relu(input('x', [4, 4]));
      const view = builder.reshape(y, [2, 8]);
      const sum = builder.add(builder.tanh(y), y);
      return { out: builder.matmul(view, builder.reshape(sum, [8, 2])) };
    },
  ),
  graphCase(
    'long-chain',
    'Forty nodes that reuse the same memory over and over.',
    ({ builder, input, weight }) => {
      let x = input('x', [5, 16]);
      for (let i = 0; i < 10; i++) {
        const y = builder.linear(x, weight(`w${i}`, [16, 16], 'bell*0.1'), undefined, { activation: 'tanh' });
        x = builder.layerNorm(builder.add(x, y));
      }
      return { out: x };
    },
  ),
  graphCase('wide-fan', 'Twelve values alive at once, of different sizes.', ({ builder, input }) => {
    const x = input('x', [4, 6]);
    const parts = Array.from({ length: 12 }, (_, i) =>
      builder.slice(builder.add(x, x), [0, 0], [4, 1 + (i % 6)]),
    );
    return { out: builder.concat(parts, 1) };
  }),
  graphCase(
    'embedding-to-logits',
    'Token and position embeddings, tied output weights.',
    ({ builder, ids, weight }) => {
      const table = weight('table', [13, 8]);
      const tokens = builder.embedding(ids('tokens', [2, 6], 13), table);
      const positions = builder.slice(weight('positions', [10, 8]), [0, 0], [6, 8]);
      const x = builder.layerNorm(builder.add(tokens, positions));
      return { logits: builder.linear(x, table), hidden: x };
    },
  ),
  graphCase(
    'linformer',
    'Keys and values projected along the sequence, then attention: a composition.',
    ({ builder, input, weight }) => {
      const project = weight('E', [5, 20]);
      const [q, k, v] = ['q', 'k', 'v'].map((name) => input(name, [2, 2, 20, 8]));
      const scores = builder.matmul(q, builder.matmul(project, k), { transposeB: true });
      return { out: builder.matmul(builder.softmax(scores), builder.matmul(project, v)) };
    },
  ),
  graphCase(
    'rms-norm',
    'A normalisation from pointwise ops: x · rsqrt(mean of x² + ε) · weight.',
    ({ builder, input, weight }) => {
      const x = input('x', [3, 7, 24]);
      const energy = builder.reshape(builder.reduce(builder.square(x), -1, 'mean'), [3, 7, 1]);
      const scale = builder.rsqrt(builder.add(energy, builder.constant(f32([1], [1e-6]))));
      return { out: builder.mul(builder.mul(x, scale), weight('weight', [24], 'near1')) };
    },
  ),
  graphCase(
    'gated-layers',
    'Two feed-forward layers with gates: silu as an op, sigmoid fused.',
    ({ builder, input, weight }) => {
      let x = input('x', [5, 16]);
      for (const layer of [0, 1]) {
        const gate = builder.silu(builder.linear(x, weight(`gate${layer}`, [40, 16])));
        const up = builder.linear(x, weight(`up${layer}`, [40, 16]), undefined, { activation: 'sigmoid' });
        x = builder.add(x, builder.linear(builder.mul(gate, up), weight(`down${layer}`, [16, 40])));
      }
      return { out: x };
    },
  ),
  graphCase('softmax-by-hand', 'A softmax from pointwise ops, between bounds.', ({ builder, input }) => {
    const x = input('x', [4, 19]);
    const bounded = builder.max(
      builder.min(x, builder.constant(f32([1], [2]))),
      builder.constant(f32([1], [-2])),
    );
    const greatest = builder.reshape(builder.reduce(bounded, -1, 'max'), [4, 1]);
    const weights = builder.exp(builder.sub(bounded, greatest));
    return { out: builder.div(weights, builder.reshape(builder.reduce(weights, -1, 'sum'), [4, 1])) };
  }),
  graphCase('encoder-layer', 'A whole layer with windowed attention.', (parts) => {
    return { out: encoderLayer(parts, parts.input('x', [2, 21, 16]), 'layer0', windowed) };
  }),
  graphCase(
    'encoder-three-layers',
    'Three layers: every buffer of the first is reused by the next.',
    (parts) => {
      let x = parts.input('x', [1, 33, 16]);
      const outputs: Record<string, Value> = {};
      for (let i = 0; i < 3; i++) outputs[`hidden${i}`] = x = encoderLayer(parts, x, `layer${i}`, windowed);
      return outputs;
    },
  ),
  graphCase(
    'gathered-rows',
    'Rows picked from an intermediate, in another order, twice.',
    ({ builder, input, ids }) => {
      const y = builder.relu(input('x', [6, 5]));
      const picked = builder.gather(y, ids('rows', [4], 6), 0);
      return { out: builder.concat([picked, builder.gather(picked, ids('again', [3], 4), 0)], 0) };
    },
  ),
];
