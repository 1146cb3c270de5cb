// The published types in a user's project that also checks the types of
// its dependencies (`skipLibCheck: false`), with old and new TypeScript.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { entries, installPackages, writeProject } from './user-project.mjs';

/**
 * Aliases of our development dependencies. By default the oldest and the newest: what the one between them
 * refuses, one of these refuses too, but for faults of its own.
 */
const VERSIONS = process.env.ATTN_SUITE === 'whole' ? ['5.4', '5.9', '7'] : ['5.4', '7'];

/** Settings of users' projects. Each project imports every entry. */
const PROJECTS = {
  'a page, bundled': {
    lib: ['es2022', 'dom', 'dom.iterable'],
    module: 'esnext',
    moduleResolution: 'bundler',
    types: [],
  },
  'Node, without DOM': { lib: ['es2022'], module: 'nodenext', moduleResolution: 'nodenext', types: ['node'] },
  'Node, with DOM': {
    lib: ['es2023', 'dom'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
  },
};

/** Code of a user, whose types must be exact. */
const CODE = `
import { f32, slidingWindow, tensor, type Attn, type Tensor } from '@attn/core';
import { createAttn } from '@attn/auto';
import { onnx } from '@attn/onnx';
import { onnx as onnxOnWeb } from '@attn/onnx/web';
import { serializeSafetensors } from '@attn/safetensors';
import { openSafetensorsFile } from '@attn/safetensors/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';

export const attn: Promise<Attn> = createAttn({ tune: 'measure' });
export const backends = [wasm({ threads: 2 }), webgpu({ powerPreference: 'low-power' }), onnx({ threads: 2 })];
export const inPage = onnxOnWeb({ offMainThread: false });
export const pattern = slidingWindow({ before: 1, after: 1 });
export const x: Tensor<'f32'> = f32([2], [1, 2]);
export const halves: Tensor<'f16'> = tensor('f16', [1], new Uint16Array(1));
export const bytes: Uint8Array = serializeSafetensors({ x });

export async function firstName(path: string): Promise<string> {
  await using file = await openSafetensorsFile(path);
  return file.names[0];
}

// @ts-expect-error no such option
slidingWindow({ before: 1, after: 1, dilatoin: 2 });
// @ts-expect-error no such option
wasm({ numThreads: 2 });
// @ts-expect-error only onnxruntime-web has this option
onnx({ offMainThread: false });
// @ts-expect-error halves are no floats
tensor('f32', [1], new Uint16Array(1));
// @ts-expect-error a device is an object
webgpu({ device: 5 });
`;

/** Code for versions of TypeScript that have WebGPU's types: a device is one of them. */
const WITH_WEBGPU = `
import type { GpuTensor, WebGpuOptions } from '@attn/webgpu';
export const device = (options: WebGpuOptions): GPUDevice | undefined => options.device;
// @ts-expect-error no device
webgpu({ device: {} });
export const release = (result: GpuTensor): void => result.dispose();
`;

const folder = mkdtempSync(join(tmpdir(), 'attn-types-'));
installPackages(folder);
afterAll(() => rmSync(folder, { recursive: true }));

/** Packages whose types are made of another library's, which does not pass settings this strict. */
const HOSTED = ['@attn/langchain', '@attn/serve'];

/** Code of a user of LangChain. */
const WITH_LANGCHAIN = `
import { AttnEmbeddings, loadEmbeddings, loadReranker } from '@attn/langchain';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';

export const embeddings: Promise<EmbeddingsInterface> = loadEmbeddings('a', { call: { pooling: 'max' } });
export async function best(pageContent: string): Promise<string[]> {
  const reranker = await loadReranker('a', { topN: 1 });
  const documents = await reranker.compressDocuments([{ pageContent, metadata: {} }], 'query');
  return documents.map((document) => document.pageContent);
}
// @ts-expect-error no such option
loadEmbeddings('a', { call: { poling: 'max' } });
// @ts-expect-error a pipeline is needed
new AttnEmbeddings({});
`;

/** Errors in our own files and the user's, without those in the types of other libraries. */
const ourErrors = (lines) =>
  lines.filter((line) => /^\S/.test(line) && !/^\S*node_modules\/(?!@attn\/)/.test(line));

function errorsOf(version, project) {
  const tsc = join(import.meta.dirname, '../node_modules', `typescript-${version}`, 'bin/tsc');
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', project], {
    encoding: 'utf8',
    cwd: project,
  });
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
}

describe.each(VERSIONS)('TypeScript %s', (version) => {
  test.each(Object.keys(PROJECTS))('%s', { timeout: 120_000 }, (name) => {
    const options = PROJECTS[name];
    const code = version === '7' && options.lib.includes('dom') ? CODE + WITH_WEBGPU : CODE;
    const project = join(folder, `${version}-${name.replaceAll(/\W+/g, '-')}`);
    const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true };
    const imported = entries().filter((entry) => !HOSTED.includes(entry));
    writeProject(project, { target: 'es2022', ...strict, ...options }, imported, code);
    expect(errorsOf(version, project)).toEqual([]);
  });

  test('classes of LangChain', { timeout: 120_000 }, () => {
    const project = join(folder, `${version}-langchain`);
    const options = { target: 'es2022', strict: true, noEmit: true, ...PROJECTS['Node, with DOM'] };
    writeProject(project, options, HOSTED, WITH_LANGCHAIN);
    expect(ourErrors(errorsOf(version, project))).toEqual([]);
  });
});

test('an error of the project is an error', { timeout: 120_000 }, () => {
  const project = join(folder, 'wrong');
  writeProject(
    project,
    { ...PROJECTS['a page, bundled'], noEmit: true },
    ['@attn/core'],
    'export const n: string = 1;',
  );
  expect(errorsOf('7', project).join()).toContain("Type 'number' is not assignable to type 'string'");
});
