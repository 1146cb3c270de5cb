/** The device that a backend is on: opened when it is first needed, and another when that one was lost. */
import { AttnError } from '@attn/core';
import type { DeviceOptions } from '../types.ts';
import { GpuDevice } from './gpu-device.ts';

export class CurrentDevice {
  private readonly options: DeviceOptions;
  /** While a device is being opened: all who need one wait for the same. */
  private opening: Promise<GpuDevice> | undefined;
  private last: GpuDevice | undefined;
  private disposed = false;

  constructor(options: DeviceOptions) {
    this.options = options;
  }

  /** The device that was opened last, lost or not. */
  get opened(): GpuDevice | undefined {
    return this.last;
  }

  /**
   * The device; a new one when the last was lost. One that the application gave cannot be replaced. Errors:
   * `DISPOSED`, `BACKEND_UNAVAILABLE`.
   */
  async get(where: string): Promise<GpuDevice> {
    if (this.disposed) throw new AttnError('DISPOSED', where, 'the backend has been disposed');
    const { last } = this;
    if (last !== undefined && (last.lost === undefined || this.options.device !== undefined)) return last;
    this.opening ??= this.open();
    return this.opening;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.opening?.catch(() => undefined);
    this.last?.destroy();
  }

  private async open(): Promise<GpuDevice> {
    const { last } = this;
    try {
      this.last = await GpuDevice.open(this.options);
      last?.destroy();
      return this.last;
    } finally {
      this.opening = undefined;
    }
  }
}
