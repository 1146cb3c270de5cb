/** Seeing every device that is opened before its backend does, so that a test can count what it makes, lose it, or give it other limits. */
import { onTestFinished, vi } from 'vitest';
import { findGpu } from './find-gpu.ts';

/** Until the test ends, devices pass through `see` when they are opened. */
export async function watchDevices(see: (device: GPUDevice) => void): Promise<void> {
  await findGpu();
  const open = GPUAdapter.prototype.requestDevice;
  const spy = vi.spyOn(GPUAdapter.prototype, 'requestDevice');
  onTestFinished(() => spy.mockRestore());
  spy.mockImplementation(async function (this: GPUAdapter, ...args) {
    const device = await open.apply(this, args);
    see(device);
    return device;
  });
}
