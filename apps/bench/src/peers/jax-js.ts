/** jax-js on its WebAssembly backend. https://jax-js.com */
import { defaultDevice, init, jit, nn, numpy as np } from '@jax-js/jax';
import { lacks, type Peer } from './peer.ts';

/** Makes the peer. */
export async function jaxJs(): Promise<Peer> {
  await init('wasm');
  defaultDevice('wasm');
  return {
    async prepare({ heads, n, headDim, q, k, v }, pattern) {
      if (pattern.kind === 'window') throw lacks('jax-js', pattern);
      // The operator of jax-js needs [n, heads, dim].
      const isCausal = pattern.kind === 'causal';
      const array = (data: Float32Array): np.Array =>
        np.array(new Float32Array(data)).reshape([heads, n, headDim]).transpose([1, 0, 2]);
      const [queries, keys, values] = [q, k, v].map(({ data }) => array(data));
      const attention = jit((a: np.Array, b: np.Array, c: np.Array) =>
        nn.dotProductAttention(a, b, c, { isCausal }),
      );
      return {
        run: async () => (await attention(queries.ref, keys.ref, values.ref).data()) as Float32Array,
        inOrder: (result) => {
          const out = new Float32Array(result.length);
          for (let i = 0; i < n; i++) {
            for (let h = 0; h < heads; h++) {
              const from = (i * heads + h) * headDim;
              out.set(result.subarray(from, from + headDim), (h * n + i) * headDim);
            }
          }
          return out;
        },
        dispose: async () => {},
      };
    },
  };
}
