/** One device with its pipelines and buffers. A lost device stays lost, and the backend opens another. */
import { AttnError } from '@attn/core';
import { debug, eventLoopTurn, onHostTimers } from '@attn/core/backend';
import type { DeviceOptions } from '../types.ts';
import { BufferPool } from './buffer-pool.ts';
import { findGpu, ownGpu, unavailable } from './find-gpu.ts';
import { GpuTimer } from './gpu-timer.ts';
import { PipelineCache } from './pipeline-cache.ts';

/** Limits that are requested as large as the adapter has them. */
const REQUESTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxStorageBuffersPerShaderStage',
] as const;

/** Features that are requested where the adapter has them. */
const REQUESTED_FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups'];

/** An open device. */
export class GpuDevice {
  readonly device: GPUDevice;
  /** What messages and probes call the device. */
  readonly title: string;
  readonly pipelines: PipelineCache;
  readonly buffers: BufferPool;
  /** Whether shaders can multiply bytes four at a time. */
  readonly hasPackedDot: boolean;
  /** Undefined where the device has no timestamps. */
  readonly timer: GpuTimer | undefined;
  private loss: string | undefined;
  /** Whether this package opened the device, and so destroys it. */
  private readonly isOwn: boolean;

  private constructor(
    device: GPUDevice,
    { title, gpu, isOwn }: { readonly title: string; readonly gpu: GPU | undefined; readonly isOwn: boolean },
  ) {
    this.device = device;
    this.title = title;
    this.hasPackedDot = gpu?.wgslLanguageFeatures?.has('packed_4x8_integer_dot_product') ?? false;
    this.isOwn = isOwn;
    this.pipelines = new PipelineCache(device);
    this.buffers = new BufferPool(device);
    this.timer = GpuTimer.create(device);
    void device.lost.then(({ reason, message }) => {
      this.loss = message === '' ? reason : `${reason}: ${message}`;
      debug(1, () => `webgpu: the device was lost: ${this.loss}`);
    });
  }

  /** Opens a device, or wraps the application's own. Errors: `BACKEND_UNAVAILABLE`. */
  static open(options: DeviceOptions): Promise<GpuDevice> {
    return onHostTimers(() => GpuDevice.request(options));
  }

  private static async request({ device, powerPreference }: DeviceOptions): Promise<GpuDevice> {
    if (device !== undefined) {
      return new GpuDevice(device, { title: describe(device.adapterInfo), gpu: ownGpu(), isOwn: false });
    }
    const { gpu, title } = await findGpu();
    const adapter = await gpu.requestAdapter({ powerPreference });
    if (adapter === null) throw unavailable(`${title} found no adapter; ${adviceOn(powerPreference)}`);
    const requiredLimits = Object.fromEntries(REQUESTED_LIMITS.map((name) => [name, adapter.limits[name]]));
    const requiredFeatures = REQUESTED_FEATURES.filter((name) => adapter.features.has(name));
    try {
      const own = await adapter.requestDevice({ requiredLimits, requiredFeatures });
      return new GpuDevice(own, { title: describe(adapter.info), gpu, isOwn: true });
    } catch (cause) {
      throw unavailable(
        `the adapter gave no device: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      );
    }
  }

  /** Why the device was lost. Undefined while it works. */
  get lossReason(): string | undefined {
    return this.loss;
  }

  get limits(): GPUSupportedLimits {
    return this.device.limits;
  }

  /** Whether shaders can use halves. */
  get hasF16(): boolean {
    return this.device.features.has('shader-f16');
  }

  /** Whether shaders can use subgroups. */
  get hasSubgroups(): boolean {
    return this.device.features.has('subgroups');
  }

  /** Whether a CPU emulates the GPU. */
  get isSoftware(): boolean {
    const { isFallbackAdapter, description, architecture, device } = this.device.adapterInfo;
    return (
      isFallbackAdapter ||
      /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${description} ${architecture} ${device}`)
    );
  }

  /** Throws `DEVICE_LOST` if the device was lost. */
  throwIfLost(where: string): void {
    if (this.loss !== undefined) {
      throw new AttnError('DEVICE_LOST', where, `the GPU device was lost (${this.loss})`);
    }
  }

  /**
   * Waits for an action on the device. Throws `DEVICE_LOST` if the device was lost before or during the
   * action.
   */
  async unlessLost<T>(where: string, action: () => Promise<T>): Promise<T> {
    this.throwIfLost(where);
    try {
      const result = await onHostTimers(action);
      this.throwIfLost(where);
      return result;
    } catch (error) {
      // A lost device fails first and reports its loss a little later.
      await eventLoopTurn();
      this.throwIfLost(where);
      throw error;
    }
  }

  /**
   * Runs an action inside error scopes. They cover what the action does before its first `await`: all users
   * of a device share one stack of scopes, so the scopes close before anyone else can run. Errors:
   * `OUT_OF_MEMORY`, `DEVICE_LOST`, and `INTERNAL` with the device's message.
   */
  withErrorScopes<T>(where: string, action: () => T | Promise<T>): Promise<T> {
    return this.unlessLost(where, async () => {
      this.device.pushErrorScope('out-of-memory');
      this.device.pushErrorScope('validation');
      this.device.pushErrorScope('internal');
      const running = (async () => action())();
      const errors = [1, 2, 3].map(() => this.device.popErrorScope().catch(() => null));
      const [result] = await Promise.allSettled([running]);
      const [internal, validation, memory] = await Promise.all(errors);
      if (memory !== null)
        throw new AttnError('OUT_OF_MEMORY', where, `the GPU is out of memory: ${firstLine(memory.message)}`);
      const failure = validation ?? internal;
      if (failure !== null)
        throw new AttnError('INTERNAL', where, `the GPU refused: ${firstLine(failure.message)}`);
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  /** Releases all buffers, and the device unless it is the application's own. */
  dispose(): void {
    this.buffers.dispose();
    this.timer?.dispose();
    if (this.isOwn) this.device.destroy();
  }
}

/** Advice on how to get an adapter where there is none. */
function adviceOn(powerPreference: GPUPowerPreference | undefined): string {
  const withoutPreference =
    powerPreference === undefined ? '' : `, if need be without powerPreference: ${powerPreference}`;
  const { process } = globalThis as { readonly process?: { readonly platform: string } };
  if (process === undefined) {
    return `switch on hardware acceleration in the browser, or try one with WebGPU for this GPU${withoutPreference}`;
  }
  return process.platform === 'linux'
    ? `install the Vulkan driver of the GPU, or name one with VK_DRIVER_FILES, Mesa's lavapipe on a CPU for instance${withoutPreference}`
    : `install the current driver of the GPU, with Metal or Direct3D 12${withoutPreference}`;
}

/** The first line of a message that is not empty, shortened to 300 characters. */
function firstLine(message: string): string {
  return (message.split('\n').find((text) => text.trim() !== '') ?? message).slice(0, 300);
}

/**
 * A name for an adapter: its device, or its vendor and architecture, then what its driver says about itself.
 */
function describe({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const name = device || `${vendor} ${architecture}`.trim();
  return [name, description].filter((part) => part !== '').join(', ') || 'a GPU';
}
