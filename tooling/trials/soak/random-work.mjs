// Random graphs with inputs: attention calls of every kind, random chains of ops, and the compositions of the
// suite.
import { allCases, attentionCases } from '@attn/conformance';
import { arbitraryCall } from '@attn/conformance/properties';
import { causal, f32, globalTokens, GraphBuilder, or, slidingWindow } from '@attn/core';
import fc from 'fast-check';

const compositions = allCases.filter(({ op }) => op === 'graph');

/** A random element of a list. */
export const pick = (random, list) => list[Math.floor(random() * list.length)];
const between = (random, least, most) => least + Math.floor(random() * (most - least + 1));
const numbers = (random, shape, scale = 1) =>
  f32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (random() * 2 - 1) * scale),
  );

/** One step of a chain: from a matrix of [rows, width] to another. */
const STEPS = {
  linear: (b, x, random) => {
    const out = between(random, 1, 48);
    const weight = b.constant(numbers(random, [out, x.shape[1]], 1 / Math.sqrt(x.shape[1])));
    const activation = pick(random, [undefined, 'relu', 'gelu', 'tanh']);
    return b.linear(x, weight, b.constant(numbers(random, [out])), activation && { activation });
  },
  matmul: (b, x, random) =>
    b.matmul(x, b.constant(numbers(random, [x.shape[1], between(random, 1, 48)], 0.3))),
  gram: (b, x) => b.softmax(b.matmul(x, b.transpose(x, [1, 0]))),
  add: (b, x, random) => b.add(x, b.constant(numbers(random, [x.shape[1]]))),
  mul: (b, x) => b.mul(x, b.tanh(x)),
  layerNorm: (b, x, random) =>
    b.layerNorm(x, {
      weight: b.constant(numbers(random, [x.shape[1]])),
      bias: b.constant(numbers(random, [x.shape[1]])),
    }),
  gelu: (b, x) => b.gelu(x),
  transpose: (b, x) => b.transpose(x, [1, 0]),
  slice: (b, x) => b.slice(x, [0, 0], [Math.ceil(x.shape[0] / 2), x.shape[1]]),
  concat: (b, x) => (x.shape[0] > 100 ? b.relu(x) : b.concat([x, b.relu(x)], 0)),
  softmax: (b, x) => b.softmax(x, 0),
};

function chain(random) {
  const builder = new GraphBuilder();
  const shape = [between(random, 1, 70), between(random, 1, 48)];
  let value = builder.input('x', { dtype: 'f32', shape });
  const names = Array.from({ length: between(random, 1, 8) }, () => pick(random, Object.keys(STEPS)));
  for (const name of names) value = STEPS[name](builder, value, random);
  return {
    id: `chain:${shape.join('x')};${names.join(',')}`,
    graph: builder.build({ out: value }),
    inputs: { x: numbers(random, shape) },
  };
}

/** Attention that is long enough for several threads. */
function longAttention(random) {
  const reach = between(random, 16, 200);
  const window = slidingWindow({ before: reach, after: reach, dilation: between(random, 1, 3) });
  const pattern = pick(random, [causal(), window, or(window, globalTokens([0, between(random, 1, 399)]))]);
  const spec = { pattern, n: between(random, 400, 800), heads: 2, d: 32, dv: 32 };
  return built(attentionCases('A long call.', [spec])[0]);
}

function built(conformanceCase) {
  const { graph, inputs } = conformanceCase.build();
  return { id: conformanceCase.id, graph, inputs };
}

/** @param random numbers between 0 and 1 */
export function randomWork(random) {
  const kind = random();
  if (kind > 0.85) return longAttention(random);
  if (kind < 0.45) {
    const [spec] = fc.sample(arbitraryCall, { numRuns: 1, seed: Math.floor(random() * 2 ** 31) });
    return built(attentionCases('A random call.', [spec])[0]);
  }
  return kind < 0.8 ? chain(random) : built(pick(random, compositions));
}
