/** Attention in plain JavaScript: three simple loops over f32 arrays. */
import type { Peer, PeerPattern } from './peer.ts';

/** Makes the peer. */
export function plainJs(): Peer {
  return {
    async prepare({ heads, n, headDim, q, k, v }, pattern) {
      const scale = 1 / Math.sqrt(headDim);
      const weights = new Float32Array(n);
      return {
        async run() {
          const out = new Float32Array(heads * n * headDim);
          for (let h = 0; h < heads; h++) {
            const head = h * n * headDim;
            for (let i = 0; i < n; i++) {
              const [first, end] = visible(pattern, i, n);
              let max = -Infinity;
              for (let j = first; j < end; j++) {
                let dot = 0;
                for (let d = 0; d < headDim; d++)
                  dot += q.data[head + i * headDim + d] * k.data[head + j * headDim + d];
                weights[j] = dot * scale;
                max = Math.max(max, weights[j]);
              }
              let sum = 0;
              for (let j = first; j < end; j++) {
                weights[j] = Math.exp(weights[j] - max);
                sum += weights[j];
              }
              for (let j = first; j < end; j++) {
                const weight = weights[j] / sum;
                for (let d = 0; d < headDim; d++)
                  out[head + i * headDim + d] += weight * v.data[head + j * headDim + d];
              }
            }
          }
          return out;
        },
        dispose: async () => {},
      };
    },
  };
}

/** The keys that a query sees, from … to (exclusive). */
function visible(pattern: PeerPattern, query: number, n: number): readonly [first: number, end: number] {
  switch (pattern.kind) {
    case 'dense':
      return [0, n];
    case 'causal':
      return [0, query + 1];
    case 'window':
      return [Math.max(0, query - pattern.before), Math.min(n, query + pattern.after + 1)];
  }
}
