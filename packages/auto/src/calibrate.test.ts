/** The calibration of every backend of this project, and how it is stored. */
import { readFileSync } from 'node:fs';
import { f32, type Backend, type Json } from '@attn/core';
import { attention } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { describe, expect, test } from 'vitest';

const backends: Readonly<Record<string, () => Backend>> = { cpu, onnx, wasm, webgpu };
const x = f32([1, 2, 128, 64], new Float32Array(2 * 128 * 64));
const graph = attention({ q: x, k: x, v: x }).graph;

test.each(Object.keys(backends))('%s says which version of its package it is', (name) => {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL(`../../${name}/package.json`, import.meta.url), 'utf8'),
  );
  expect(backends[name]().version).toBe(manifest.version);
});

describe.each(['cpu', 'onnx', 'wasm'])('%s', (name) => {
  test('takes what it found earlier, and predicts the same with it', async () => {
    const [first, second] = [backends[name](), backends[name]()];
    for (const backend of [first, second]) expect(await backend.probe()).toMatchObject({ available: true });
    const result = await first.calibrate?.();
    // The form in which a file stores it.
    const stored: Json = JSON.parse(JSON.stringify(result));
    expect(await second.calibrate?.(stored)).toEqual(result);
    expect(second.estimate(graph)).toBeCloseTo(first.estimate(graph), 9);
    expect(first.estimate(graph)).toBeGreaterThan(0);
    await first.dispose();
    await second.dispose();
  });

  test.each<[Json]>([[null], ['fast'], [-1], [{ overhead: 1 }], [[]]])(
    'measures instead of believing %j',
    async (stored) => {
      const backend = backends[name]();
      await backend.probe();
      const result = await backend.calibrate?.(stored);
      expect(result).not.toEqual(stored);
      expect(Number.isFinite(backend.estimate(graph))).toBe(true);
      await backend.dispose();
    },
  );
});
