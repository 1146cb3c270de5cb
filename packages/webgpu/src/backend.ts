/** The backend: its options, what its device can do, and programs on that device. */
import { type Probe } from '@attn/core';
import {
  aBoolean,
  aFunction,
  anObject,
  checkOptions,
  defineBackend,
  oneOf,
  type BackendOf,
  type Executable,
  type OptionKinds,
} from '@attn/core/backend';
import { CurrentDevice } from './device/current-device.ts';
import type { GpuDevice } from './device/gpu-device.ts';
import { ProgramExecutable } from './graph/executable.ts';
import { GpuStates } from './graph/gpu-state.ts';
import { Program, type ProgramOptions } from './graph/program.ts';
import { DEFAULT, knownSpeed, measureSpeed, predict, SOFTWARE } from './predict.ts';
import type { DeviceOptions, GpuExecutable } from './types.ts';
import { VERSION } from './version.ts';
import { LEAST_LIMITS, supportsNode } from './supports.ts';

/** Options of `webgpu`. */
export interface WebGpuOptions extends DeviceOptions {
  /**
   * Queries of a workgroup of attention. Default: 64, or 16 where a CPU emulates the GPU, since it compiles
   * large kernels slowly.
   */
  readonly attentionRows?: 64 | 32 | 16;
  /**
   * Side of the tiles of matrix products. Default: 128 for large products, else 64; always 64 where a CPU
   * emulates the GPU.
   */
  readonly gemmTile?: 64 | 128;
  /**
   * Whether kernels use subgroup operations. Default: true where the device has the feature `subgroups`,
   * unless a CPU emulates the GPU.
   */
  readonly subgroups?: boolean;
  /** Called after each run with its time on the GPU in milliseconds, where the device has timestamps. */
  readonly onGpuTime?: (ms: number) => void;
}

const WEBGPU_OPTIONS: OptionKinds<WebGpuOptions> = {
  device: anObject,
  powerPreference: oneOf('low-power', 'high-performance'),
  attentionRows: oneOf(64, 32, 16),
  gemmTile: oneOf(64, 128),
  subgroups: aBoolean,
  onGpuTime: aFunction,
};

/** The WebGPU backend, whose executables also run on tensors that are on the device (`runOnGpu`). */
export type GpuBackend = BackendOf<GpuExecutable>;

/**
 * Creates the backend on this host's WebGPU: the browser's, Deno's, or in Node that of Dawn, from the npm
 * package `webgpu`. Where there is no adapter, `probe` says why. Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * import { createAttn } from '@attn/core';
 * import { webgpu } from '@attn/webgpu';
 *
 * const attn = await createAttn({ backends: [webgpu({ powerPreference: 'high-performance' })] });
 */
export function webgpu(options: WebGpuOptions = {}): GpuBackend {
  const checked = checkOptions('webgpu', options, WEBGPU_OPTIONS);
  const device = new CurrentDevice(checked);
  const executables = new Set<Executable>();
  const states = new GpuStates(() => device.get('webgpu/createState'));
  return defineBackend('webgpu', {
    version: VERSION,
    fastestInputs: 'float', // WGSL multiplies bytes four at a time, and integers of 12 bits one by one
    probe: async () => probeOf(await device.get('webgpu/probe'), checked),
    supports: (node, graph) =>
      supportsNode(node, graph, device.opened ?? { limits: LEAST_LIMITS, hasF16: false }),
    speed: {
      initial() {
        const { rate, callMs } = device.opened?.isSoftware === false ? DEFAULT : SOFTWARE;
        return { rate, callMs };
      },
      parse: knownSpeed,
      async measure() {
        const gpu = await device.get('webgpu/calibrate');
        const { rate, callMs } = await measureSpeed(gpu, programOptions(gpu, checked));
        return { rate, callMs };
      },
    },
    estimate: (graph, plans, speed) =>
      predict(graph, plans, { ...speed, hasF16: device.opened?.hasF16 ?? false }),
    async compile(graph, { plans }) {
      const createProgram = async (): Promise<Program> => {
        const gpu = await device.get('webgpu/compile');
        return Program.create(gpu, graph, plans, programOptions(gpu, checked));
      };
      const executable: GpuExecutable = new ProgramExecutable(graph, await createProgram(), {
        createProgram,
        states,
        onDispose: () => executables.delete(executable),
      });
      executables.add(executable);
      return executable;
    },
    createState: (specs) => states.createState(specs),
    async dispose() {
      for (const executable of executables) executable.dispose();
      await states.dispose();
      await device.dispose();
    },
  });
}

function probeOf(gpu: GpuDevice, { subgroups }: WebGpuOptions): Probe {
  const { title, limits, hasF16, hasSubgroups } = gpu;
  if (subgroups === true && !hasSubgroups) {
    return {
      available: false,
      reason: `subgroups: true needs a device with the feature subgroups, got ${title}`,
    };
  }
  return {
    available: true,
    summary: title,
    features: {
      adapter: title,
      f16: hasF16,
      subgroups: hasSubgroups,
      maxBindingBytes: limits.maxStorageBufferBindingSize,
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    },
  };
}

function programOptions(
  { isSoftware, hasF16, hasPackedDot, hasSubgroups, limits }: GpuDevice,
  { attentionRows, gemmTile, subgroups, onGpuTime }: WebGpuOptions,
): ProgramOptions {
  return {
    gemmTile,
    subgroups: subgroups ?? (hasSubgroups && !isSoftware),
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    bindingBytes: limits.maxStorageBufferBindingSize,
    attentionRows: attentionRows ?? (isSoftware ? 16 : 64),
    onGpuTime,
    hasF16,
    hasPackedDot,
    // An explicit `attentionRows` asks for the kernels of a real GPU.
    isSoftware: isSoftware && attentionRows === undefined,
  };
}
