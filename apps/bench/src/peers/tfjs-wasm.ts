/** TensorFlow.js on its WebAssembly backend. https://www.npmjs.com/package/@tensorflow/tfjs-backend-wasm */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { causalMask } from './layout.ts';
import { lacks, type Peer } from './peer.ts';

/** The peer. */
export async function tfjsWasm(): Promise<Peer> {
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs-backend-wasm did not start');
  return {
    async prepare({ heads, n, headDim, q, k, v }, pattern) {
      if (pattern.kind === 'window') throw lacks('tfjs-backend-wasm', pattern);
      const [queries, keys, values] = [q, k, v].map(({ data }) => tf.tensor3d(data, [heads, n, headDim]));
      const mask = pattern.kind === 'causal' ? tf.tensor2d(causalMask(n), [n, n]) : undefined;
      const scale = 1 / Math.sqrt(headDim);
      const compute = (): tf.Tensor => {
        const scores = tf.matMul(tf.mul(queries, scale), keys, false, true);
        return tf.matMul(tf.softmax(mask ? tf.add(scores, mask) : scores), values);
      };
      return {
        async run() {
          const out = tf.tidy(compute);
          const data = await out.data<'float32'>();
          out.dispose();
          return data;
        },
        dispose: async () => tf.dispose([queries, keys, values]),
      };
    },
  };
}
