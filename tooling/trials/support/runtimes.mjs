// Where the suite can run on this machine: each runtime with a function that runs it there and gives back
// what was found.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, ISOLATION_HEADERS } from '@attn/tooling-vitest/chromium';
import { serve } from '@attn/tooling-vitest/serve';
import { chromium as playwright } from 'playwright-core';
import { build } from 'vite';
import { BUN, DENO, inRuntime, nodePackage, OLDER_NODE } from '../../runtimes/versions.mjs';

const CHILD = join(import.meta.dirname, 'child.mjs');
const GOLDENS = join(import.meta.dirname, '../../../packages/conformance/goldens');

/** Runs a command with the options as its last argument, and reads the last line that it prints. */
function inProcess(command, args) {
  return (options) =>
    new Promise((resolve) => {
      const child = spawn(command, [...args, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      let complaints = '';
      child.stdout.on('data', (data) => (said += data));
      child.stderr.on('data', (data) => (complaints = (complaints + data).slice(-2000)));
      child.on('error', (error) => resolve({ broken: String(error) }));
      child.on('close', (code, signal) => {
        const last = said.trim().split('\n').at(-1) ?? '';
        resolve(
          code === 0 ? JSON.parse(last) : { broken: `ended with ${signal ?? code}: ${complaints.trim()}` },
        );
      });
    });
}

/** Builds the page once for all that open it. */
let page;
function builtPage() {
  page ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'attn-support-'));
    const input = join(import.meta.dirname, 'page.html');
    await build({
      root: import.meta.dirname,
      configFile: false,
      logLevel: 'error',
      // Without preloading: what onnxruntime-web loads into its worker must not share a chunk with code
      // that knows of a document.
      build: { outDir: folder, target: 'es2023', modulePreload: false, rolldownOptions: { input } },
      worker: { format: 'es' },
    });
    return folder;
  })();
  return page;
}

function inPage(headers) {
  return async (options) => {
    const folder = await builtPage();
    const server = await serve({ '/': folder, '/goldens/': GOLDENS }, headers);
    const browser = await playwright.launch(await chromium());
    try {
      const opened = await browser.newPage();
      await opened.goto(`${server.url}page.html`);
      await opened.waitForFunction(() => globalThis.runSuite !== undefined);
      return await opened.evaluate((suiteOptions) => globalThis.runSuite(suiteOptions), options);
    } catch (error) {
      return { broken: String(error) };
    } finally {
      await browser.close();
      server.close();
    }
  };
}

const olderNode = nodePackage(OLDER_NODE);

/** By title. */
export const RUNTIMES = {
  [`Node ${process.versions.node}`]: inProcess(process.execPath, [CHILD]),
  ...(olderNode && {
    [`Node ${OLDER_NODE}`]: inProcess('npx', inRuntime({ spec: olderNode, command: ['node'] }, CHILD)),
  }),
  [`Deno ${DENO.spec.split('@')[1]}`]: inProcess('npx', inRuntime(DENO, CHILD)),
  [`Bun ${BUN.spec.split('@')[1]}`]: inProcess('npx', inRuntime(BUN, CHILD)),
  Chromium: inPage(ISOLATION_HEADERS),
  'Chromium, not isolated': inPage({}),
};

/** Removes what was built. */
export async function cleanUp() {
  if (page !== undefined) rmSync(await page, { recursive: true });
}
