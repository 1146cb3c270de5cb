/** The device of a backend: opened when it is first needed, and replaced when it was lost. */
import { AttnError } from '@attn/core';
import type { DeviceOptions } from '../types.ts';
import { GpuDevice } from './gpu-device.ts';

/** Opens and replaces the device of one backend. */
export class CurrentDevice {
  private readonly options: DeviceOptions;
  /** The device that is being opened. All callers wait for the same one. */
  private opening: Promise<GpuDevice> | undefined;
  private last: GpuDevice | undefined;
  private disposed = false;

  constructor(options: DeviceOptions) {
    this.options = options;
  }

  /** The last opened device, lost or not. Undefined before the first. */
  get opened(): GpuDevice | undefined {
    return this.last;
  }

  /**
   * The device, or a new one when the last was lost. The application's own device cannot be replaced. Errors:
   * `DISPOSED`, `BACKEND_UNAVAILABLE`.
   */
  async get(where: string): Promise<GpuDevice> {
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the backend has been disposed');
    const { last } = this;
    if (last !== undefined && (last.lossReason === undefined || this.options.device !== undefined))
      return last;
    this.opening ??= this.open();
    return this.opening;
  }

  /** Releases the device. Later calls of `get` reject. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await this.opening?.catch(() => undefined);
    this.last?.dispose();
  }

  private async open(): Promise<GpuDevice> {
    const { last } = this;
    try {
      this.last = await GpuDevice.open(this.options);
      last?.dispose();
      return this.last;
    } finally {
      this.opening = undefined;
    }
  }
}
