/** onnxruntime-web on its WebAssembly execution provider. https://onnxruntime.ai/docs/tutorials/web/ */
import * as web from 'onnxruntime-web';
import { ortPeer, type Ort, type OrtGraph } from './ort.ts';
import type { Peer } from './peer.ts';

/** The peer with this many threads. */
export function ortWeb(graph: OrtGraph, threads: number): Peer {
  web.env.wasm.numThreads = threads;
  web.env.logLevel = 'error';
  const ort: Ort = {
    name: 'onnxruntime-web',
    tensor: (data, dims) => new web.Tensor('float32', data, dims),
    session: async (model) => {
      const session = await web.InferenceSession.create(model, { executionProviders: ['wasm'] });
      return {
        run: (feeds) => session.run(feeds as Readonly<Record<string, web.Tensor>>),
        release: () => session.release(),
      };
    },
  };
  return ortPeer(ort, graph);
}
