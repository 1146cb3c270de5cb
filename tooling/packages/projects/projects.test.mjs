// The projects of examples/ work as they stand. Those that need Next, Deno or Bun are tried by
// `npm run installs`.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, ISOLATION_HEADERS } from '@attn/tooling-vitest/chromium';
import { serve } from '@attn/tooling-vitest/serve';
import { chromium as playwright } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyExample, press } from './projects.mjs';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'attn-projects-'));
let browser;

beforeAll(async () => void (browser = await playwright.launch(await chromium())));
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Serves a folder, and gives what its page shows when its button was pressed. */
async function pressAt(place, headers = {}, prepare = async () => {}) {
  const server = await serve({ '/': place }, headers);
  const page = await browser.newPage();
  try {
    await prepare(page);
    return await press(page, server.url);
  } finally {
    await page.close();
    server.close();
  }
}

/** Backends that are linked in this workspace, but that the projects have not installed. */
const rolldownOptions = { external: ['@attn/cpu', '@attn/onnx', '@attn/webgpu'] };

/** Builds a copy of a project with Vite, as its own script does. */
async function built(name) {
  const place = copyExample(name, folder);
  await build({ root: place, logLevel: 'error', build: { rolldownOptions }, worker: { rolldownOptions } });
  return join(place, 'dist');
}

test('each project is named in the docs', () => {
  const docs = ['hosts.md', 'clusters.md']
    .map((page) => readFileSync(join(root, 'docs', page), 'utf8'))
    .join();
  const names = readdirSync(join(root, 'examples')).filter((name) => !name.startsWith('.'));
  expect(names.filter((name) => !docs.includes(`../examples/${name}`))).toEqual([]);
});

test('hosts.md shows the project of Deno as it is', () => {
  const [comment, program] = readFileSync(join(root, 'examples/deno/main.ts'), 'utf8').split(/(?<=^.*\n)/);
  expect(comment).toMatch(/^\/\//);
  expect(readFileSync(join(root, 'docs/hosts.md'), 'utf8')).toContain(`// examples/deno/main.ts\n${program}`);
});

test('node: a script', async () => {
  const place = copyExample('node', folder);
  const { stdout } = await promisify(execFile)(process.execPath, ['attention.ts'], { cwd: place });
  expect(stdout).toMatch(/^16384 tokens by (wasm|onnx|webgpu|cpu): \d+ tokens a second\n$/);
});

test('html: a page without a build, whose packages come from elsewhere', async () => {
  const packages = await serve(
    Object.fromEntries(['core', 'wasm'].map((name) => [`/@attn/${name}/`, join(root, 'packages', name)])),
    { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' },
  );
  try {
    const place = copyExample('html', folder);
    const page = join(place, 'index.html');
    const html = readFileSync(page, 'utf8');
    writeFileSync(page, html.replaceAll('https://cdn.jsdelivr.net/npm/', packages.url));
    expect(await pressAt(place)).toBe('4096 tokens by wasm');
  } finally {
    packages.close();
  }
});

test('vite: a page', async () => {
  expect(await pressAt(await built('vite'), ISOLATION_HEADERS)).toBe('8192 tokens by wasm');
});

test('worker: a worker of its own', async () => {
  expect(await pressAt(await built('worker'))).toBe('4096 tokens of 64 numbers');
});

/**
 * What the extension finds in a page of this test in place of a browser's own: its messages go to a service
 * worker that has the extension's script as it was built.
 */
const POPUP_API = `
const worker = navigator.serviceWorker.register('./stand-in.js').then(() => navigator.serviceWorker.ready);
globalThis.chrome = { runtime: { async sendMessage(message) {
  const { port1, port2 } = new MessageChannel();
  (await worker).active.postMessage(message, [port2]);
  return new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
} } };
`;
const WORKER_API = `
globalThis.chrome = { runtime: { onMessage: { addListener(listener) {
  addEventListener('message', ({ data, ports }) => listener(data, {}, (answer) => ports[0].postMessage(answer)));
} } } };
importScripts('./background.js');
`;

test("extension: a service worker of one file, under the manifest's policy", async () => {
  const dist = await built('extension');
  const manifest = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8'));
  writeFileSync(join(dist, 'stand-in.js'), WORKER_API);
  writeFileSync(join(dist, 'index.html'), readFileSync(join(dist, manifest.action.default_popup)));
  const policy = { 'content-security-policy': manifest.content_security_policy.extension_pages };
  const text = await pressAt(dist, policy, (page) => page.addInitScript(POPUP_API));
  expect(text).toBe('4096 tokens by wasm');
  expect(readdirSync(dist)).toContain(manifest.background.service_worker);
});

test('the programs compile', { timeout: 60_000 }, () => {
  const names = ['node', 'vite', 'worker', 'deno', 'bun'];
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024', 'dom', 'dom.iterable', 'esnext.disposable'],
    module: 'esnext',
    moduleResolution: 'bundler',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(root, 'packages/core/node_modules/@types')],
  };
  const place = mkdtempSync(join(folder, 'types-'));
  const include = names.map((name) => join(copyExample(name, place), '*.ts'));
  writeFileSync(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions, include }));
  const tsc = join(root, 'tooling/packages/node_modules/typescript-7/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', place], { encoding: 'utf8' });
  expect(stdout).toBe('');
});
