/**
 * Dawn's null backend: it validates shaders and pipelines with all features, needs no GPU, and runs nothing.
 */
import { create, globals } from 'webgpu';

let gpu: GPU | undefined;

/** A device with as many bindings as kernels need. */
export async function nullDevice(): Promise<GPUDevice> {
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  gpu ??= create(['backend=null']);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error('Dawn has no null backend');
  const { maxStorageBuffersPerShaderStage } = adapter.limits;
  return adapter.requestDevice({
    requiredLimits: { maxStorageBuffersPerShaderStage },
    requiredFeatures: ['shader-f16', 'subgroups'],
  });
}
