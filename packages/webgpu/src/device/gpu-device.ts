/** One device with its limits, its pipelines and its buffers. When it is lost it stays lost: the backend opens another. */
import { AttnError } from '@attn/core';
import { debug, eventLoopTurn, onHostTimers } from '@attn/core/backend';
import type { DeviceOptions } from '../types.ts';
import { BufferPool } from './buffer-pool.ts';
import { findGpu, unavailable } from './find-gpu.ts';
import { GpuTimer } from './gpu-timer.ts';
import { PipelineCache } from './pipeline-cache.ts';

/** What we ask of an adapter if it has more than WebGPU promises. */
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxStorageBuffersPerShaderStage',
] as const;

const WANTED_FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups'];

/** An opened device. */
export class GpuDevice {
  readonly device: GPUDevice;
  readonly title: string;
  readonly pipelines: PipelineCache;
  readonly buffers: BufferPool;
  /** Undefined where the device has no timestamps. */
  readonly timer: GpuTimer | undefined;
  /** Why it was lost, once it was. */
  lost: string | undefined;
  private readonly isOwn: boolean;

  private constructor(device: GPUDevice, title: string, isOwn: boolean) {
    this.device = device;
    this.title = title;
    this.isOwn = isOwn;
    this.pipelines = new PipelineCache(device);
    this.buffers = new BufferPool(device);
    this.timer = GpuTimer.of(device);
    void device.lost.then(({ reason, message }) => {
      this.lost = message === '' ? reason : `${reason}: ${message}`;
      debug(1, () => `webgpu: the device was lost: ${this.lost}`);
    });
  }

  /** Errors: `BACKEND_UNAVAILABLE`. */
  static open(options: DeviceOptions): Promise<GpuDevice> {
    return onHostTimers(() => GpuDevice.request(options));
  }

  private static async request({ device, powerPreference }: DeviceOptions): Promise<GpuDevice> {
    if (device !== undefined) return new GpuDevice(device, describe(device.adapterInfo), false);
    const { gpu, title } = await findGpu();
    const adapter = await gpu.requestAdapter({ powerPreference });
    if (adapter === null) throw unavailable(`${title} found no adapter; ${adviceOn(powerPreference)}`);
    const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
    const requiredFeatures = WANTED_FEATURES.filter((name) => adapter.features.has(name));
    try {
      const opened = await adapter.requestDevice({ requiredLimits, requiredFeatures });
      return new GpuDevice(opened, describe(adapter.info), true);
    } catch (cause) {
      throw unavailable(
        `the adapter gave no device: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      );
    }
  }

  get limits(): GPUSupportedLimits {
    return this.device.limits;
  }

  /** Whether shaders know halves. */
  get hasF16(): boolean {
    return this.device.features.has('shader-f16');
  }

  /** Whether shaders know subgroups. */
  get hasSubgroups(): boolean {
    return this.device.features.has('subgroups');
  }

  /** Whether a CPU plays the GPU. */
  get isSoftware(): boolean {
    const { isFallbackAdapter, description, architecture, device } = this.device.adapterInfo;
    return (
      isFallbackAdapter ||
      /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${description} ${architecture} ${device}`)
    );
  }

  /** Throws `DEVICE_LOST` when it was. */
  throwIfLost(where: string): void {
    if (this.lost !== undefined) {
      throw new AttnError('DEVICE_LOST', where, `the GPU device was lost (${this.lost})`);
    }
  }

  /** Waits for what the device does. Throws `DEVICE_LOST` when it was lost before or in the midst of it. */
  async unlessLost<T>(where: string, action: () => Promise<T>): Promise<T> {
    this.throwIfLost(where);
    try {
      const result = await onHostTimers(action);
      this.throwIfLost(where);
      return result;
    } catch (error) {
      // A lost device says so a little later than it fails.
      await eventLoopTurn();
      this.throwIfLost(where);
      throw error;
    }
  }

  /**
   * Does something while the device listens for errors. It listens to what happens before the action waits for the first time: scopes
   * are one stack for all who use the device, so nobody else may come in between. Throws `OUT_OF_MEMORY`, `DEVICE_LOST`, or `INTERNAL`
   * with what the device said.
   */
  guarded<T>(where: string, action: () => T | Promise<T>): Promise<T> {
    return this.unlessLost(where, async () => {
      this.device.pushErrorScope('out-of-memory');
      this.device.pushErrorScope('validation');
      this.device.pushErrorScope('internal');
      const doing = (async () => action())();
      const heard = [1, 2, 3].map(() => this.device.popErrorScope().catch(() => null));
      const [result] = await Promise.allSettled([doing]);
      const [internal, validation, memory] = await Promise.all(heard);
      if (memory !== null)
        throw new AttnError('OUT_OF_MEMORY', where, `the GPU is out of memory: ${line(memory.message)}`);
      const failure = validation ?? internal;
      if (failure !== null)
        throw new AttnError('INTERNAL', where, `the GPU refused: ${line(failure.message)}`);
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  /** Releases everything. A device of the application's own goes on. */
  destroy(): void {
    this.buffers.destroy();
    this.timer?.destroy();
    if (this.isOwn) this.device.destroy();
  }
}

/** How to get an adapter where there is none. */
function adviceOn(powerPreference: GPUPowerPreference | undefined): string {
  const asked =
    powerPreference === undefined ? '' : `, if need be without powerPreference: ${powerPreference}`;
  const { process } = globalThis as { readonly process?: { readonly platform: string } };
  if (process === undefined) {
    return `switch on hardware acceleration in the browser, or try one with WebGPU for this GPU${asked}`;
  }
  return process.platform === 'linux'
    ? `install the Vulkan driver of the GPU, or name one with VK_DRIVER_FILES, Mesa's lavapipe on a CPU for instance${asked}`
    : `install the current driver of the GPU, with Metal or Direct3D 12${asked}`;
}

/** The first line that says something, shortened. */
function line(message: string): string {
  return (message.split('\n').find((text) => text.trim() !== '') ?? message).slice(0, 300);
}

/** What it is called, then what its driver says of itself, as far as either is known. */
function describe({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const name = device || `${vendor} ${architecture}`.trim();
  return [name, description].filter((part) => part !== '').join(', ') || 'a GPU';
}
