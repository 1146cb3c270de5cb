// The browser preset gives tests what they need: a real page with shared memory and WebGPU.
import { expect, test } from 'vitest';

test('a browser test runs in a cross-origin isolated page', () => {
  expect(window.crossOriginIsolated).toBe(true);
  expect(new SharedArrayBuffer(8).byteLength).toBe(8);
});

test('a browser test has a WebGPU device, a software one if need be', async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter.requestDevice();
  expect(device.limits.maxComputeWorkgroupSizeX).toBeGreaterThan(0);
  device.destroy();
});
