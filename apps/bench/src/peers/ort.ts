/** The common part of onnxruntime-web and onnxruntime-node: sessions with the models of `onnx-models.ts`. */
import { causalMask, headsFirst, headsLast } from './layout.ts';
import { attentionModel, gqaModel, matmulModel, mhaModel, type CallSizes } from './onnx-models.ts';
import { lacks, type Peer } from './peer.ts';

/** A session of either package. */
export interface Session {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** A tensor of either package. */
export interface OrtTensor {
  readonly data: unknown;
}

/** One of the two packages, set up. */
export interface Ort {
  readonly name: string;
  tensor(data: Float32Array, dims: readonly number[]): OrtTensor;
  session(model: Uint8Array): Promise<Session>;
}

/** Fused operators (MultiHeadAttention, GroupQueryAttention, Attention), or a graph of single ones. */
export type OrtGraph = 'mha' | 'gqa' | 'attention' | 'matmul';

const MODELS: Readonly<Record<OrtGraph, (sizes: CallSizes) => Uint8Array>> = {
  mha: mhaModel,
  gqa: gqaModel,
  attention: attentionModel,
  matmul: ({ heads, n, dim, isCausal }) =>
    matmulModel(heads, n, n, dim, isCausal ? causalMask(n) : undefined),
};

/** Dense and causal attention. Fused operators need heads last. */
export function ortPeer(ort: Ort, graph: OrtGraph): Peer {
  return {
    async prepare(problem, pattern) {
      if (pattern.kind === 'window') throw lacks(ort.name, pattern);
      const { heads, n, headDim } = problem;
      const isCausal = pattern.kind === 'causal';
      if (graph === 'gqa' && !isCausal) throw lacks('GroupQueryAttention', pattern);
      const isMha = graph !== 'matmul';
      const session = await ort.session(MODELS[graph]({ heads, n, dim: headDim, isCausal }));
      const dims = isMha ? [1, n, heads * headDim] : [heads, n, headDim];
      const feed = (data: Float32Array): OrtTensor =>
        ort.tensor(isMha ? headsLast(data, problem) : data, dims);
      const feeds = { q: feed(problem.q.data), k: feed(problem.k.data), v: feed(problem.v.data) };
      return {
        run: async () => (await session.run(feeds)).out.data as Float32Array,
        inOrder: isMha ? (result) => headsFirst(result, problem) : undefined,
        dispose: () => session.release(),
      };
    },
  };
}
