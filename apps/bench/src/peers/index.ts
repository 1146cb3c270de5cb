/** All peers by the name that tables give them. A library is loaded when its peer is made, and not before. */
import type { Peer } from './peer.ts';

export const peers: Readonly<Record<string, () => Promise<Peer>>> = {
  'onnxruntime-web MHA, 1 thread': async () => (await import('./ort-web.ts')).ortWeb('mha', 1),
  'onnxruntime-web MHA, 2 threads': async () => (await import('./ort-web.ts')).ortWeb('mha', 2),
  'onnxruntime-web MatMul–Softmax–MatMul, 1 thread': async () =>
    (await import('./ort-web.ts')).ortWeb('matmul', 1),
  'onnxruntime-node MHA, 1 thread': async () => (await import('./ort-node.ts')).ortNode('mha', 1),
  'onnxruntime-node MHA, 2 threads': async () => (await import('./ort-node.ts')).ortNode('mha', 2),
  'onnxruntime-node chunked window, 1 thread': async () => (await import('./ort-node.ts')).ortNodeWindow(1),
  'tfjs-backend-wasm': async () => (await import('./tfjs-wasm.ts')).tfjsWasm(),
  'jax-js wasm': async () => (await import('./jax-js.ts')).jaxJs(),
  'plain JavaScript loop': async () => (await import('./plain-js.ts')).plainJs(),
};
