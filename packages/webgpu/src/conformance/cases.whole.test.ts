// The list of all kernels of attention is complete: the rest of the suite asks for no other. On Dawn's null
// backend, which compiles nothing for real and runs nothing, so that only the names of kernels count here.
import { allCases, matches } from '@attn/conformance';
import { afterEach, expect, test, vi } from 'vitest';
import { nullDevice } from '../device/null-device.testing.ts';
import { PipelineCache } from '../device/pipeline-cache.ts';
import { webgpu } from '../index.ts';
import { EACH_ATTENTION } from './cases.testing.ts';

afterEach(() => vi.restoreAllMocks());

/** A score is a part of a kernel like no other: one stands for all. */
const SCORED = 'attention with a score';

test.each([64, 32] as const)(
  'every kernel of attention by %d rows has a case in the list',
  async (rows) => {
    const kernels = new Set<string>();
    const compile = PipelineCache.prototype.get;
    vi.spyOn(PipelineCache.prototype, 'get').mockImplementation(function (this: PipelineCache, source) {
      const name = source.name.includes(' score:') ? SCORED : source.name;
      if (source.name.startsWith('attention')) kernels.add(name);
      return compile.call(this, source);
    });
    const backend = webgpu({ device: roomy(await nullDevice()), attentionRows: rows });
    const isListed = ({ id }: { readonly id: string }): boolean => matches(EACH_ATTENTION, id);
    const missing: string[] = [];
    for (const each of allCases.toSorted((a, b) => Number(isListed(b)) - Number(isListed(a)))) {
      const isOneMoreScore =
        each.id.includes(';score=') && !each.id.includes(';sinks=') && kernels.has(SCORED);
      if (isOneMoreScore) continue;
      const before = kernels.size;
      const { graph, inputs } = each.build();
      const run = async (): Promise<void> => {
        const executable = await backend.compile(graph);
        await executable.run(inputs);
        executable.dispose();
      };
      await run().catch(() => undefined); // a kernel that needs more than this device has is named all the same
      if (kernels.size > before && !isListed(each)) missing.push(each.id);
    }
    await backend.dispose();
    expect(kernels.size).toBeGreaterThan(25);
    expect(missing).toEqual([]);
  },
  600_000,
);

/** The device with the shared memory and the bindings of a real one, without halves, as SwiftShader is. */
function roomy(device: GPUDevice): GPUDevice {
  const limits = new Proxy(device.limits, {
    get: (target, name) =>
      name === 'maxComputeWorkgroupStorageSize' ? 65_536 : (Reflect.get(target, name, target) as unknown),
  });
  const features = new Set([...device.features].filter((name) => name !== 'shader-f16'));
  return new Proxy(device, {
    get(target, name) {
      if (name === 'limits') return limits;
      if (name === 'features') return features;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
