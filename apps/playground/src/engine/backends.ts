/** The backends of the page, each loaded when it is first needed. */
import type { Backend } from '@attn/core';

/** Names of the backends, in order of preference. */
export const BACKENDS = ['webgpu', 'wasm', 'onnx', 'cpu'] as const;

/** The name of a backend. */
export type BackendName = (typeof BACKENDS)[number];

/** Loads a backend. ONNX Runtime itself is fetched when it is probed. */
export async function loadBackend(name: BackendName): Promise<Backend> {
  switch (name) {
    case 'webgpu':
      return (await import('@attn/webgpu')).webgpu();
    case 'wasm':
      return (await import('@attn/wasm')).wasm();
    case 'onnx':
      return (await import('@attn/onnx')).onnx();
    case 'cpu':
      return (await import('@attn/cpu')).cpu();
    default:
      return name satisfies never;
  }
}
