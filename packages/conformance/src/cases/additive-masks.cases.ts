/**
 * Hugging Face's models add masks to scores: 0 where a key is visible, and the least
 * number of the dtype, PyTorch's finfo.min, elsewhere. A row of padding that sees nothing
 * then is the mean of all values, which the next layer reads. Two layers show the effect.
 */
import { full, type Value } from '@attn/core';
import type { ConformanceCase } from '../case.ts';
import { LARGEST } from './attention/range.cases.ts';
import { encoderLayer, graphCase, type Compose, type GraphParts } from './graph-case.ts';

const [BATCH, LENGTH, WIDTH] = [2, 70, 16];

/** True when key k is a token. Padding is on the left; batch rows and runs have different amounts of it. */
function isToken(batch: number, k: number, round: number): boolean {
  return k >= (batch === round ? 9 : 0);
}

/** True when the query sees the key. */
type Visibility = (batch: number, q: number, k: number, round: number) => boolean;

/** A mask [batch, 1, queries, keys] as an input. */
function mask(parts: GraphParts, name: string, sees: Visibility): Value {
  return parts.table(name, [BATCH, 1, LENGTH, LENGTH], ([batch, , q, k], round) =>
    sees(batch, q, k, round) ? 0 : -LARGEST,
  );
}

/** A composition of two layers with a mask. */
function twoLayers(maskOf: (parts: GraphParts) => Value): Compose {
  return (parts) => {
    const bias = maskOf(parts);
    const outputs: Record<string, Value> = {};
    let x = parts.input('x', [BATCH, LENGTH, WIDTH]);
    for (const layer of ['first', 'second']) {
      x = encoderLayer(
        parts,
        x,
        layer,
        (builder, heads) => builder.attention({ ...heads, bias }, { pattern: full() }).out,
      );
      outputs[layer] = x;
    }
    return outputs;
  };
}

export const additiveMaskCases: readonly ConformanceCase[] = [
  graphCase(
    'additive-causal',
    'Two layers under an additive causal mask.',
    twoLayers((parts) => mask(parts, 'mask', (_batch, q, k) => k <= q)),
  ),
  graphCase(
    'additive-left-padded',
    'A batch padded on the left: rows of padding see nothing, and lie wholly at the least float32.',
    twoLayers((parts) => mask(parts, 'mask', (batch, q, k, round) => k <= q && isToken(batch, k, round))),
  ),
  graphCase(
    'additive-sliding',
    'A sliding window of left-padded tokens.',
    twoLayers((parts) =>
      mask(parts, 'mask', (batch, q, k, round) => k <= q && k > q - 5 && isToken(batch, k, round)),
    ),
  ),
  graphCase(
    'additive-sum',
    'Older models add a causal mask and one of padding: where both hide a key, the sum overflows to −∞.',
    twoLayers((parts) => {
      const padding = mask(parts, 'padding', (batch, _q, k, round) => isToken(batch, k, round));
      return parts.builder.add(
        mask(parts, 'causal', (_batch, q, k) => k <= q),
        padding,
      );
    }),
  ),
  graphCase('additive-softmax', 'Scores and softmax as ops of their own.', (parts) => {
    const { builder, input } = parts;
    const [q, k, v] = ['q', 'k', 'v'].map((name) => input(name, [BATCH, 2, LENGTH, 8]));
    const visibility = mask(
      parts,
      'mask',
      (batch, query, key, round) => key <= query && isToken(batch, key, round),
    );
    const scores = builder.add(builder.matmul(q, k, { transposeB: true }), visibility);
    return { out: builder.matmul(builder.softmax(scores), v) };
  }),
];
