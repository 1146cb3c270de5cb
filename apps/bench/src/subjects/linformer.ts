/**
 * Linformer's attention on one of our backends, its projections included; E and F are weights of the graph.
 */
import { f32, GraphBuilder, buildLinformer, type Tensor } from '@attn/core';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';
import { problem, uniform, type Problem } from '../inputs.ts';
import { makeBackend } from './attention.ts';

/** Largest error that f32 rounding explains for inputs in [−1, 1) and these sizes. */
const TOLERANCE = 2e-5;

/** Rows of the last head that are compared with float64. */
const CHECKED_ROWS = 4;

/** Prepares the subject. */
export async function makeLinformer({ options, problem: spec }: Subject): Promise<PreparedSubject> {
  const { n, heads = 8, headDim = 64, k: length = 256 } = spec;
  const inputProblem = problem(heads, n, headDim);
  const { q, k, v } = inputProblem;
  const inputs = { q, k, v };
  const [E, F] = [4, 5].map((seed) => {
    const data = uniform(length * n, seed);
    for (let i = 0; i < data.length; i++) data[i] /= Math.sqrt(n / 3); // projected rows are as large as keys then
    return f32([length, n], data);
  });
  const builder = new GraphBuilder();
  const [query, key, value] = [builder.input('q', q), builder.input('k', k), builder.input('v', v)];
  const matrices = { E: builder.constant(E), F: builder.constant(F) };
  const { out } = buildLinformer(builder, { q: query, k: key, v: value, ...matrices });
  const graph = builder.build({ out });
  const backend = await makeBackend(options);
  await backend.probe();
  const executable = await backend.compile(graph);
  return {
    run: (onProgress) => executable.run(inputs, { onProgress }),
    async check() {
      const outputs = await executable.run(inputs);
      const error = greatestError(inputProblem, E, F, outputs.out);
      if (!(error <= TOLERANCE)) throw new Error(`the result is wrong by ${error}`);
      return error;
    },
    dispose: () => backend.dispose(),
  };
}

/** The greatest error of some rows of the last head, against the definition in float64. */
function greatestError({ heads, n, headDim, q, k, v }: Problem, E: Tensor, F: Tensor, out: Tensor): number {
  const offset = (heads - 1) * n * headDim;
  const [keys, values] = [project(E, k, offset, headDim), project(F, v, offset, headDim)];
  const length = keys.length / headDim;
  let worst = 0;
  for (let i = 0; i < CHECKED_ROWS; i++) {
    const row = offset + Math.round((i * (n - 1)) / (CHECKED_ROWS - 1)) * headDim;
    const logits = Float64Array.from({ length }, (_, j) => {
      let sum = 0;
      for (let d = 0; d < headDim; d++) sum += q.data[row + d] * keys[j * headDim + d];
      return sum / Math.sqrt(headDim);
    });
    const most = logits.reduce((greatest, logit) => Math.max(greatest, logit), -Infinity);
    const weights = logits.map((logit) => Math.exp(logit - most));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let d = 0; d < headDim; d++) {
      const expected = weights.reduce((sum, weight, j) => sum + weight * values[j * headDim + d], 0) / total;
      worst = Math.max(worst, Math.abs(expected - out.data[row + d]));
    }
  }
  return worst;
}

/** matrix [length, n] · x [n, headDim], which begins at `offset`. */
function project({ shape, data }: Tensor, x: Tensor, offset: number, headDim: number): Float64Array {
  const [length, n] = shape;
  const out = new Float64Array(length * headDim);
  for (let row = 0; row < length; row++) {
    const sums = out.subarray(row * headDim, (row + 1) * headDim);
    for (let i = 0, at = offset; i < n; i++, at += headDim) {
      const factor = data[row * n + i];
      for (let d = 0; d < headDim; d++) sums[d] += factor * x.data[at + d];
    }
  }
  return out;
}
