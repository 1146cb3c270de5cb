/**
 * Gives a test every device before its backend gets it, to count its buffers, to lose it, or to change its
 * limits.
 */
import { onTestFinished, vi } from 'vitest';
import { findGpu } from './find-gpu.ts';

/** Calls `onOpen` with every device that is opened until the test ends. */
export async function watchDevices(onOpen: (device: GPUDevice) => void): Promise<void> {
  await findGpu();
  const open = GPUAdapter.prototype.requestDevice;
  const spy = vi.spyOn(GPUAdapter.prototype, 'requestDevice');
  onTestFinished(() => spy.mockRestore());
  spy.mockImplementation(async function (this: GPUAdapter, ...args) {
    const device = await open.apply(this, args);
    onOpen(device);
    return device;
  });
}
