// What is not imported is not shipped: bundles are looked into, module by module.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as core from '@attn/core';
import { describe, expect, test } from 'vitest';
import { bundle } from './bundle.mjs';

const packages = join(import.meta.dirname, '../../../packages');

/** The modules of a bundle, such as `core/patterns/causal.js`, and its size in bytes. */
async function shipped(source, external) {
  const files = await bundle(source, external);
  const modules = files.flatMap((file) => file.modules).filter((id) => id.startsWith(packages));
  return {
    modules: modules.map((id) => id.slice(packages.length + 1).replace('/dist/', '/')),
    gzip: files.reduce((total, file) => total + file.gzip, 0),
  };
}

/** Folders of core that compute, plan or choose. */
const MACHINERY = /^core\/(async|calls|choose|contract|graph|host|plan|run|systems)\//;
const REFERENCE = /^core\/.*reference/;

/** Every export that makes a pattern or combines patterns. */
const PATTERNS =
  'and blockSparse causal fixed full globalTokens keyPadding not or perHead randomBlocks segments sinks slidingWindow strided where'.split(
    ' ',
  );

describe('one pattern brings neither a backend, nor an executor, nor references', () => {
  test.each(PATTERNS)('%s', async (name) => {
    expect(core).toHaveProperty(name);
    const { modules, gzip } = await shipped(`export { ${name} } from '@attn/core';`);
    expect(modules).not.toEqual([]);
    expect(
      modules.filter((id) => !id.startsWith('core/') || MACHINERY.test(id) || REFERENCE.test(id)),
    ).toEqual([]);
    expect(gzip).toBeLessThan(12_000);
  });
});

test('an application of one backend ships no reference and no other backend', async () => {
  const source = `import { createAttn, slidingWindow } from '@attn/core';
    import { cpu } from '@attn/cpu';
    export const start = () => createAttn({ backends: [cpu()] });
    export const pattern = slidingWindow({ before: 1, after: 1 });`;
  const { modules } = await shipped(source);
  const names = new Set(modules.map((id) => id.split('/')[0]));
  expect([...names].sort()).toEqual(['core', 'cpu']);
  expect(modules.filter((id) => id.endsWith('/reference.js') || id === 'core/ops/references.js')).toEqual([]);
});

test('auto brings backends only when it is asked', async () => {
  const [first, ...later] = await bundle("export { createAttn } from '@attn/auto';", (id) =>
    /^(node:|onnx|webgpu$)/.test(id),
  );
  const own = (file) => file.modules.filter((id) => /packages\/(cpu|onnx|wasm|webgpu)\//.test(id));
  expect(own(first)).toEqual([]);
  expect(later.flatMap(own)).not.toEqual([]);
});

describe('an entry of @attn/onnx asks for no runtime but its own', () => {
  test.each([
    ['@attn/onnx', ['onnxruntime-web']],
    ['@attn/onnx/web', ['onnxruntime-web']],
    ['@attn/onnx/node', ['onnxruntime-node']],
    ['@attn/onnx/export', []],
  ])('%s in a page', async (entry, expected) => {
    const runtimes = new Set();
    await bundle(`export * from '${entry}';`, (id) => {
      if (id.startsWith('onnxruntime-')) runtimes.add(id);
      return /^(node:|onnx)/.test(id);
    });
    expect([...runtimes]).toEqual(expected);
  });
  test('@attn/onnx in Node is its entry for Node', () => {
    const entry = createRequire(import.meta.url).resolve('@attn/onnx');
    expect(entry).toMatch(/onnx\/dist\/index\.js$/);
  });
});

test('a tokenizer does not bring what writes a tokenizer.json', async () => {
  const { modules } = await shipped("export { tokenizerFromFiles } from '@attn/tokenizers';");
  expect(modules).toContain('tokenizers/from-files/from-files.js');
  expect(modules.filter((id) => id.startsWith('tokenizers/to-json/'))).toEqual([]);
});
