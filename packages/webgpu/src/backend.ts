/** The backend: opens a device when it is first needed, and another when that one was lost. */
import {
  aBoolean,
  aFunction,
  anObject,
  AttnError,
  checkCompileOptions,
  checkGraph,
  checkOptions,
  checkProbeOptions,
  oneOf,
  PlanCache,
  supportsGraph,
  throwIfAborted,
  type Backend,
  type CompileOptions,
  type Executable,
  type Graph,
  type GraphNode,
  type Json,
  type OptionKinds,
  type Probe,
  type ProbeOptions,
  type SharedState,
} from '@attn/core';
import { GpuDevice } from './device/gpu-device.ts';
import { ProgramExecutable } from './graph/executable.ts';
import { Program, type ProgramOptions } from './graph/program.ts';
import { DEFAULT, knownSpeed, measureSpeed, predict, SOFTWARE, type Speed } from './predict.ts';
import type { DeviceOptions, GpuExecutable } from './types.ts';
import { VERSION } from './version.ts';
import { LEAST_LIMITS, supportsNode } from './supports.ts';

/** Options of `webgpu`. */
export interface WebGpuOptions extends DeviceOptions {
  /** Queries that a workgroup of attention takes. Default 64; 16 where a CPU plays the GPU, which compiles large ones slowly. */
  readonly attentionRows?: 64 | 32 | 16;
  /** Side of the tiles of matrix products. Default: 128 for large ones, else 64, and always 64 where a CPU plays the GPU. */
  readonly gemmTile?: 64 | 128;
  /** Whether kernels may use subgroup operations. Default: where the device has the feature `subgroups`, unless a CPU plays it. */
  readonly subgroups?: boolean;
  /** Told how long each run took on the GPU itself, in milliseconds, where the device has timestamps. */
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

/** The backend, whose executables also run on tensors that are on the device (`runOnGpu`). */
export interface GpuBackend extends Backend {
  compile(graph: Graph, options?: CompileOptions): Promise<GpuExecutable>;
}

/** The backend on this host's WebGPU: the browser's, Deno's, or Dawn's from the npm package `webgpu` in Node. */
export function webgpu(options: WebGpuOptions = {}): GpuBackend {
  return new WebGpuBackend(checkOptions('webgpu', options, WEBGPU_OPTIONS));
}

class WebGpuBackend implements GpuBackend {
  readonly name = 'webgpu';
  readonly version: string = VERSION;
  private readonly options: WebGpuOptions;
  /** For use without `createAttn`, which shares one store of plans among all backends. */
  private readonly plans = new PlanCache();
  private readonly executables = new Set<Executable>();
  /** While a device is being opened: all who need one wait for the same. */
  private opening: Promise<GpuDevice> | undefined;
  private opened: GpuDevice | undefined;
  private probing: Promise<Probe> | undefined;
  private speed: Speed = SOFTWARE;
  private disposed = false;

  constructor(options: WebGpuOptions) {
    this.options = options;
  }

  async probe(options?: ProbeOptions): Promise<Probe> {
    const { again = false } = checkProbeOptions('webgpu/probe', options);
    if (again) this.probing = undefined;
    this.probing ??= this.look();
    return this.probing;
  }

  supports(node: GraphNode, graph: Graph): true | string {
    return supportsNode(node, graph, this.opened ?? { limits: LEAST_LIMITS, hasF16: false });
  }

  estimate(graph: Graph, { plans = this.plans }: SharedState = {}): number {
    checkGraph(graph, 'webgpu/estimate');
    return predict(graph, plans, this.speed);
  }

  async calibrate(known?: Json): Promise<Json> {
    const gpu = await this.device();
    const { rate, callMs } = knownSpeed(known) ?? (await measureSpeed(gpu, this.programOptions(gpu)));
    this.speed = { rate, callMs, hasF16: gpu.hasF16 };
    return { rate, callMs };
  }

  async compile(graph: Graph, options?: CompileOptions): Promise<GpuExecutable> {
    const where = 'webgpu/compile';
    const { signal, plans = this.plans } = checkCompileOptions(where, options);
    this.throwIfDisposed();
    throwIfAborted(signal, where);
    const probe = await this.probe();
    if (!probe.available) throw new AttnError('BACKEND_UNAVAILABLE', where, probe.reason);
    const supported = supportsGraph(this, graph);
    if (supported !== true) throw new AttnError('UNSUPPORTED', where, supported);
    const make = async (): Promise<Program> => {
      this.throwIfDisposed();
      const gpu = await this.device();
      return Program.create(gpu, graph, plans, this.programOptions(gpu));
    };
    const program = await make();
    const executable: GpuExecutable = new ProgramExecutable(graph, program, make, () =>
      this.executables.delete(executable),
    );
    this.executables.add(executable);
    if (signal?.aborted || this.disposed) executable.dispose();
    throwIfAborted(signal, where);
    this.throwIfDisposed();
    return executable;
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    this.plans.clear();
    for (const executable of this.executables) executable.dispose();
    await this.opening?.catch(() => undefined);
    this.opened?.destroy();
  }

  private programOptions({ isSoftware, hasF16, hasSubgroups, limits }: GpuDevice): ProgramOptions {
    const { attentionRows, gemmTile, subgroups, onGpuTime } = this.options;
    return {
      gemmTile,
      subgroups: subgroups ?? (hasSubgroups && !isSoftware),
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      bindingBytes: limits.maxStorageBufferBindingSize,
      attentionRows: attentionRows ?? (isSoftware ? 16 : 64),
      onGpuTime,
      hasF16,
      // Who says how, wants the kernels of a GPU.
      isSoftware: isSoftware && attentionRows === undefined,
    };
  }

  private throwIfDisposed(): void {
    if (this.disposed) throw new AttnError('DISPOSED', 'webgpu', 'the backend has been disposed');
  }

  /** The device; a new one when the last was lost. One that the application gave cannot be replaced. */
  private async device(): Promise<GpuDevice> {
    const { opened } = this;
    if (opened !== undefined && (opened.lost === undefined || this.options.device !== undefined))
      return opened;
    this.opening ??= this.open();
    return this.opening;
  }

  private async open(): Promise<GpuDevice> {
    const last = this.opened;
    try {
      this.opened = await GpuDevice.open(this.options);
      last?.destroy();
      return this.opened;
    } finally {
      this.opening = undefined;
    }
  }

  private async look(): Promise<Probe> {
    try {
      const gpu = await this.device();
      const { title, limits } = gpu;
      if (this.options.subgroups === true && !gpu.hasSubgroups) {
        return {
          available: false,
          reason: `subgroups: true needs a device with the feature subgroups, got ${title}`,
        };
      }
      this.speed = { ...(gpu.isSoftware ? SOFTWARE : DEFAULT), hasF16: gpu.hasF16 };
      return {
        available: true,
        summary: title,
        features: {
          adapter: title,
          f16: gpu.hasF16,
          subgroups: gpu.hasSubgroups,
          maxBindingBytes: limits.maxStorageBufferBindingSize,
          workgroupBytes: limits.maxComputeWorkgroupStorageSize,
        },
      };
    } catch (error) {
      const reason =
        error instanceof AttnError ? error.sentence : `it could not be started: ${String(error)}`;
      return { available: false, reason };
    }
  }
}
