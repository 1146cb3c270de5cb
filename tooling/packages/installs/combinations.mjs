// What people install together, and where it must then work.

/**
 * `packages` are ours, `peers` what their runtimes come from. `backends` must be available; `absent` is
 * what `@attn/auto` must then list as not installed. `start` is the body of the project's `start.mjs`,
 * `build` what its page needs of Vite's `build` options.
 */
export const COMBINATIONS = [
  {
    name: 'core + cpu',
    packages: ['core', 'cpu'],
    backends: ['cpu'],
    start: listing('cpu', '@attn/cpu'),
    hosts: ['node', 'deno', 'bun', 'page'],
  },
  {
    name: 'core + wasm',
    packages: ['core', 'wasm'],
    backends: ['wasm'],
    start: listing('wasm', '@attn/wasm'),
    hosts: ['node', 'deno', 'bun', 'page'],
  },
  {
    name: 'auto + wasm + cpu',
    packages: ['auto', 'core', 'wasm', 'cpu'],
    backends: ['wasm', 'cpu'],
    absent: ['webgpu', 'onnx'],
    start: automatic(),
    hosts: ['node', 'deno', 'bun', 'page'],
  },
  {
    name: 'auto + onnx + onnxruntime-node',
    packages: ['auto', 'core', 'onnx'],
    peers: ['onnxruntime-node'],
    backends: ['onnx'],
    absent: ['webgpu', 'wasm', 'cpu'],
    start: automatic(),
    hosts: ['node', 'deno', 'bun'],
  },
  {
    // The main entry takes the runtime of the host, though both are there.
    name: 'core + onnx + onnxruntime-node + onnxruntime-web',
    packages: ['core', 'onnx'],
    peers: ['onnxruntime-node', 'onnxruntime-web'],
    backends: ['onnx'],
    start: listing('onnx', '@attn/onnx'),
    hosts: ['node', 'deno', 'bun', 'page'],
  },
  {
    name: 'core + onnx + onnxruntime-web',
    packages: ['core', 'onnx'],
    peers: ['onnxruntime-web'],
    backends: ['onnx'],
    start: listing('onnx', '@attn/onnx/web'),
    hosts: ['node', 'page'],
  },
  {
    name: 'auto + onnx + onnxruntime-web',
    packages: ['auto', 'core', 'onnx'],
    peers: ['onnxruntime-web'],
    backends: ['onnx'],
    absent: ['webgpu', 'wasm', 'cpu'],
    start: automatic(),
    hosts: ['page'],
    // As the README of @attn/onnx says.
    build: { modulePreload: false },
  },
  {
    name: 'auto + webgpu + webgpu',
    packages: ['auto', 'core', 'webgpu'],
    peers: ['webgpu'],
    backends: ['webgpu'],
    absent: ['wasm', 'onnx', 'cpu'],
    start: automatic(),
    hosts: ['node', 'deno', 'bun', 'page'],
  },
];

/** What is installed in every bundler and host: three backends of four, of which one has no runtime. */
export const BUNDLED = {
  packages: ['auto', 'core', 'wasm', 'cpu', 'onnx'],
  backends: ['wasm', 'cpu'],
  absent: ['webgpu', 'onnx'],
  start: automatic(),
};

function listing(factory, entry) {
  return `import { createAttn } from '@attn/core';
import { ${factory} } from '${entry}';

export const start = () => createAttn({ backends: [${factory}()] });
`;
}

function automatic() {
  return `import { createAttn } from '@attn/auto';

export const start = () => createAttn();
`;
}
