// The list of cases that run every kernel is complete: the rest of the suite compiles no other module.
import { allCases, matches } from '@attn/conformance';
import { afterEach, expect, test } from 'vitest';
import { wasm } from '../index.ts';
import { EACH_KERNEL } from './cases.testing.ts';

const { Module } = WebAssembly;
afterEach(() => {
  WebAssembly.Module = Module;
});

test.each(['relaxed', 'plain'] as const)('every kernel has a case in the list: %s', async (simd) => {
  const modules = new Set<string>();
  WebAssembly.Module = new Proxy(Module, {
    construct(target, [bytes]: [Uint8Array<ArrayBuffer>]) {
      modules.add(String(bytes));
      return new target(bytes);
    },
  });
  const backend = wasm({ threads: 1, simd });
  const missing: string[] = [];
  const isListed = ({ id }: { readonly id: string }): boolean => matches(EACH_KERNEL, id);
  for (const each of allCases.toSorted((a, b) => Number(isListed(b)) - Number(isListed(a)))) {
    const before = modules.size;
    const { graph, inputs } = each.build();
    const executable = await backend.compile(graph);
    await executable.run(inputs);
    executable.dispose();
    if (modules.size > before && !isListed(each)) missing.push(each.id);
  }
  await backend.dispose();
  expect(modules.size).toBeGreaterThan(50);
  expect(missing).toEqual([]);
});
