/** All peers, by their names in tables. A library is loaded only when its peer is made. */
import type { Peer } from './peer.ts';

export const peers: Readonly<Record<string, () => Promise<Peer>>> = {
  ...(process.env.ATTN_PYTHON !== undefined && {
    'PyTorch SDPA, 1 thread': async () => (await import('./pytorch.ts')).pytorch('sdpa', 1),
    'PyTorch SDPA, 2 threads': async () => (await import('./pytorch.ts')).pytorch('sdpa', 2),
    'PyTorch FlexAttention, compiled, 1 thread': async () =>
      (await import('./pytorch.ts')).pytorch('flex', 1),
    'PyTorch FlexAttention, compiled, 2 threads': async () =>
      (await import('./pytorch.ts')).pytorch('flex', 2),
  }),
  'onnxruntime-web MHA, 1 thread': async () => (await import('./ort-web.ts')).ortWeb('mha', 1),
  'onnxruntime-web MHA, 2 threads': async () => (await import('./ort-web.ts')).ortWeb('mha', 2),
  'onnxruntime-web MatMul–Softmax–MatMul, 1 thread': async () =>
    (await import('./ort-web.ts')).ortWeb('matmul', 1),
  'onnxruntime-node MHA, 1 thread': async () => (await import('./ort-node.ts')).ortNode('mha', 1),
  'onnxruntime-node MHA, 2 threads': async () => (await import('./ort-node.ts')).ortNode('mha', 2),
  'onnxruntime-node GQA, 1 thread': async () => (await import('./ort-node.ts')).ortNode('gqa', 1),
  'onnxruntime-node GQA, 2 threads': async () => (await import('./ort-node.ts')).ortNode('gqa', 2),
  'onnxruntime-node Attention-23, 1 thread': async () =>
    (await import('./ort-node.ts')).ortNode('attention', 1),
  'onnxruntime-node Attention-23, 2 threads': async () =>
    (await import('./ort-node.ts')).ortNode('attention', 2),
  'onnxruntime-node chunked window, 1 thread': async () =>
    (await import('./ort-node.ts')).ortNodeWindow(1, 'chunk by chunk'),
  'onnxruntime-node chunked window, 2 threads': async () =>
    (await import('./ort-node.ts')).ortNodeWindow(2, 'chunk by chunk'),
  'onnxruntime-node chunked window in one graph, 1 thread': async () =>
    (await import('./ort-node.ts')).ortNodeWindow(1, 'one graph'),
  'onnxruntime-node chunked window in one graph, 2 threads': async () =>
    (await import('./ort-node.ts')).ortNodeWindow(2, 'one graph'),
  'tfjs-backend-wasm': async () => (await import('./tfjs-wasm.ts')).tfjsWasm(),
  'jax-js wasm': async () => (await import('./jax-js.ts')).jaxJs(),
  'plain JavaScript loop': async () => (await import('./plain-js.ts')).plainJs(),
};
