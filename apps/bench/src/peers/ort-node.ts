/**
 * onnxruntime-node: native code with AVX2 or better, which a server would use. It
 * has no window attention that costs less than full attention. The best that its
 * operators allow is a window in chunks: 256 queries see the 768 keys around them,
 * under a mask. https://onnxruntime.ai/docs/get-started/with-javascript/node.html
 */
import * as node from 'onnxruntime-node';
import type { Problem } from '../inputs.ts';
import { chunkedWindowModel, matmulModel } from './onnx-models.ts';
import { ortPeer, type Ort, type OrtGraph, type OrtTensor, type Session } from './ort.ts';
import { lacks, type Peer, type PeerCall, type PeerPattern } from './peer.ts';

/** Queries of a chunk, and keys that the chunk sees. */
const QUERIES = 256;
const KEYS = 3 * QUERIES;

/** The package, whose sessions have this many threads. */
export function ortNodeApi(threads: number): Ort {
  return {
    name: 'onnxruntime-node',
    tensor: (data, dims) => new node.Tensor('float32', data, dims),
    session: async (model) => {
      const options = { intraOpNumThreads: threads, interOpNumThreads: 1, executionProviders: ['cpu'] };
      const session = await node.InferenceSession.create(model, options);
      return {
        run: (feeds) => session.run(feeds as Readonly<Record<string, node.Tensor>>),
        release: () => session.release(),
      };
    },
  };
}

/** A fused operator, or a graph of single operators, with this many threads. */
export function ortNode(graph: OrtGraph, threads: number): Peer {
  return ortPeer(ortNodeApi(threads), graph);
}

/**
 * The chunked window with this many threads, for windows of 256+256 and multiples of 256
 * tokens: chunk by chunk, or as one graph, which holds the logits of all chunks at once.
 */
export function ortNodeWindow(threads: number, form: 'chunk by chunk' | 'one graph'): Peer {
  const ort = ortNodeApi(threads);
  return {
    async prepare(problem, pattern) {
      const fits = pattern.kind === 'window' && pattern.before === QUERIES && pattern.after === QUERIES;
      if (!fits || problem.n % QUERIES !== 0) throw lacks('the chunked graph', pattern);
      return (form === 'one graph' ? prepareGraph : prepareChunks)(ort, problem, pattern);
    },
  };
}

type Window = PeerPattern & { kind: 'window' };

async function prepareGraph(ort: Ort, problem: Problem, pattern: Window): Promise<PeerCall> {
  const { heads, n, headDim } = problem;
  const masks = new Float32Array((n / QUERIES) * QUERIES * KEYS);
  for (let chunk = 0; chunk < n / QUERIES; chunk++) {
    masks.set(windowMask(pattern, chunk, n), chunk * QUERIES * KEYS);
  }
  const session = await ort.session(chunkedWindowModel(heads, n, headDim, QUERIES, masks));
  const feed = (data: Float32Array): OrtTensor => ort.tensor(data, [heads, n, headDim]);
  const feeds = { q: feed(problem.q.data), k: feed(problem.k.data), v: feed(problem.v.data) };
  return {
    run: async () => (await session.run(feeds)).out.data as Float32Array,
    dispose: () => session.release(),
  };
}

/**
 * Keys and values get 256 rows of zeros at both ends, which the masks of the first and last chunk
 * hide. A chunk of all heads is one run, so that memory does not grow with the number of chunks.
 */
async function prepareChunks(ort: Ort, problem: Problem, pattern: Window): Promise<PeerCall> {
  const { heads, n, headDim } = problem;
  const chunks = n / QUERIES;
  const sessions = new Map<string, Session>();
  const sessionOf = async (chunk: number): Promise<Session> => {
    const place =
      chunk === 0 && chunk === chunks - 1
        ? 'only'
        : chunk === 0
          ? 'first'
          : chunk === chunks - 1
            ? 'last'
            : 'middle';
    let session = sessions.get(place);
    if (session === undefined) {
      const mask = windowMask(pattern, chunk, n);
      session = await ort.session(matmulModel(heads, QUERIES, KEYS, headDim, mask));
      sessions.set(place, session);
    }
    return session;
  };
  const parts: { readonly session: Session; readonly feeds: Readonly<Record<string, OrtTensor>> }[] = [];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const start = chunk * QUERIES;
    const rows = (data: Float32Array, from: number, count: number) =>
      ort.tensor(headRows(data, problem, from, count), [heads, count, headDim]);
    parts.push({
      session: await sessionOf(chunk),
      feeds: {
        q: rows(problem.q.data, start, QUERIES),
        k: rows(problem.k.data, start - QUERIES, KEYS),
        v: rows(problem.v.data, start - QUERIES, KEYS),
      },
    });
  }
  return {
    async run(): Promise<Float32Array> {
      const out = new Float32Array(heads * n * headDim);
      for (const [chunk, { session, feeds }] of parts.entries()) {
        const data = (await session.run(feeds)).out.data as Float32Array;
        for (let h = 0; h < heads; h++) {
          const from = h * QUERIES * headDim;
          out.set(data.subarray(from, from + QUERIES * headDim), (h * n + chunk * QUERIES) * headDim);
        }
      }
      return out;
    },
    async dispose(): Promise<void> {
      for (const session of sessions.values()) await session.release();
    },
  };
}

/** Rows of all heads; rows outside of the sequence are 0. */
function headRows(
  data: Float32Array,
  { heads, n, headDim }: Problem,
  from: number,
  count: number,
): Float32Array {
  const out = new Float32Array(heads * count * headDim);
  const [first, end] = [Math.max(0, from), Math.min(n, from + count)];
  for (let h = 0; h < heads; h++) {
    const rows = data.subarray((h * n + first) * headDim, (h * n + end) * headDim);
    out.set(rows, (h * count + first - from) * headDim);
  }
  return out;
}

/** A mask [256, 768] that is 0 for the keys that a query of the chunk sees, and −10⁹ for others. */
function windowMask({ before, after }: Window, chunk: number, n: number): Float32Array {
  const mask = new Float32Array(QUERIES * KEYS).fill(-1e9);
  for (let i = 0; i < QUERIES; i++) {
    for (let j = 0; j < KEYS; j++) {
      const [query, key] = [chunk * QUERIES + i, (chunk - 1) * QUERIES + j];
      if (key >= 0 && key < n && key >= query - before && key <= query + after) mask[i * KEYS + j] = 0;
    }
  }
  return mask;
}
