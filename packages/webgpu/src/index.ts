/**
 * @attn/webgpu: the WebGPU backend, whose WGSL kernels follow the block plan, in browsers, Deno and Node.
 *
 * To read on: `graph/program.ts` turns a graph into dispatches, `ops/index.ts` lists how each op becomes
 * dispatches, and `kernels/` holds the WGSL.
 */
export { webgpu, type GpuBackend, type WebGpuOptions } from './backend.ts';
export type { AnyTensor, DeviceOptions, GpuExecutable, GpuTensor, GpuTensorInput } from './types.ts';
