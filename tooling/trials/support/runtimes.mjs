// The runtimes of this machine, each with a function that runs the suite there and returns its report.
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
      let output = '';
      let complaints = '';
      child.stdout.on('data', (data) => (output += data));
      child.stderr.on('data', (data) => (complaints = (complaints + data).slice(-2000)));
      child.on('error', (error) => resolve({ broken: String(error) }));
      child.on('close', (code, signal) => {
        const last = output.trim().split('\n').at(-1) ?? '';
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
      // Without preloading: what onnxruntime-web loads into its worker must not share a chunk with code that
      // uses the document.
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
      const tab = await browser.newPage();
      await tab.goto(`${server.url}page.html`);
      await tab.waitForFunction(() => globalThis.runSuite !== undefined);
      return await tab.evaluate((argument) => globalThis.runSuite(argument), options);
    } catch (error) {
      return { broken: String(error) };
    } finally {
      await browser.close();
      server.close();
    }
  };
}

const olderNode = nodePackage(OLDER_NODE);

/** Functions that run the suite, by the title of the runtime. */
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

/** Removes the page. */
export async function cleanUp() {
  if (page !== undefined) rmSync(await page, { recursive: true });
}
