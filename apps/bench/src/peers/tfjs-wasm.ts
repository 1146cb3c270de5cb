/** TensorFlow.js on its WebAssembly backend. https://www.npmjs.com/package/@tensorflow/tfjs-backend-wasm */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { causalMask } from './layout.ts';
import { lacks, type Peer } from './peer.ts';

/** Makes the peer. */
export async function tfjsWasm(): Promise<Peer> {
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs-backend-wasm did not start');
  return {
    async prepare({ heads, n, headDim, q, k, v }, pattern) {
      if (pattern.kind === 'window') throw lacks('tfjs-backend-wasm', pattern);
      // The matrix product of TensorFlow.js is only fast for two matrices
      // that are not transposed: a batch of heads takes nine times as long.
      const rows = (data: Float32Array, head: number): tf.Tensor2D =>
        tf.tensor2d(data.subarray(head * n * headDim, (head + 1) * n * headDim), [n, headDim]);
      const headTensors = Array.from({ length: heads }, (_, head) => ({
        queries: rows(q.data, head),
        keys: rows(k.data, head),
        values: rows(v.data, head),
      }));
      const mask = pattern.kind === 'causal' ? tf.tensor2d(causalMask(n), [n, n]) : undefined;
      const scale = 1 / Math.sqrt(headDim);
      const compute = (): tf.Tensor =>
        tf.stack(
          headTensors.map(({ queries, keys, values }) => {
            const scores = tf.matMul(tf.mul(queries, scale), tf.transpose(keys));
            return tf.matMul(tf.softmax(mask ? tf.add(scores, mask) : scores), values);
          }),
        );
      return {
        async run() {
          const out = tf.tidy(compute);
          const data = await out.data<'float32'>();
          out.dispose();
          return data;
        },
        dispose: async () => tf.dispose([...headTensors.flatMap(Object.values), mask ?? []]),
      };
    },
  };
}
