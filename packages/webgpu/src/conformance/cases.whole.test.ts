// The lists of kernels are complete: the rest of the suite asks for no other. On Dawn's null backend, which
// compiles nothing for real and runs nothing, so that only the names of kernels count here.
import { allCases, isInHalf, matches } from '@attn/conformance';
import { afterEach, expect, test, vi } from 'vitest';
import { nullDevice } from '../device/null-device.testing.ts';
import { PipelineCache } from '../device/pipeline-cache.ts';
import { webgpu } from '../index.ts';
import { EACH_ATTENTION, EACH_OTHER, WIDEST_HEADS } from './cases.testing.ts';

afterEach(() => vi.restoreAllMocks());

/** A score is a part of a kernel like no other: one stands for all. */
const SCORED = 'attention with a score';

/** The kernels of all cases that count, and the cases that alone have another than those that are listed. */
async function kernelsOf(
  rows: 32 | 64,
  isListed: (id: string) => boolean,
  counts: (kernel: string) => boolean,
): Promise<{ readonly kernels: ReadonlySet<string>; readonly missing: readonly string[] }> {
  const kernels = new Set<string>();
  const compile = PipelineCache.prototype.get;
  vi.spyOn(PipelineCache.prototype, 'get').mockImplementation(function (this: PipelineCache, source) {
    const name = source.name.includes(' score:') ? SCORED : source.name;
    if (counts(source.name)) kernels.add(name);
    return compile.call(this, source);
  });
  const backend = webgpu({ device: roomy(await nullDevice()), attentionRows: rows });
  const missing: string[] = [];
  for (const each of allCases.toSorted((a, b) => Number(isListed(b.id)) - Number(isListed(a.id)))) {
    const isOneMoreScore = each.id.includes(';score=') && !each.id.includes(';sinks=') && kernels.has(SCORED);
    if (isOneMoreScore) continue;
    const before = kernels.size;
    const { graph, inputs } = each.build();
    const run = async (): Promise<void> => {
      const executable = await backend.compile(graph);
      await executable.run(inputs);
      executable.dispose();
    };
    await run().catch(() => undefined); // a kernel that needs more than this device has is named all the same
    if (kernels.size > before && !isListed(each.id)) missing.push(each.id);
  }
  await backend.dispose();
  return { kernels, missing };
}

test.each([64, 32] as const)(
  'every kernel of attention by %d rows has a case in the list',
  async (rows) => {
    const isAttention = (kernel: string): boolean => kernel.startsWith('attention');
    const { kernels, missing } = await kernelsOf(rows, (id) => matches(EACH_ATTENTION, id), isAttention);
    expect(kernels.size).toBeGreaterThan(25);
    expect(missing).toEqual([]);
  },
  600_000,
);

test('every kernel has a case that runs by default', { timeout: 600_000 }, async () => {
  const always = `${EACH_ATTENTION} ${EACH_OTHER}`;
  const runs = (id: string): boolean => matches(WIDEST_HEADS, id) && (isInHalf(1, id) || matches(always, id));
  const { kernels, missing } = await kernelsOf(64, runs, () => true);
  expect(kernels.size).toBeGreaterThan(200);
  expect(missing.filter((id) => matches(WIDEST_HEADS, id))).toEqual([]);
});

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
