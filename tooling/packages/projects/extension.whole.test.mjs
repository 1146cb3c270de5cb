// The extension in a browser that loads extensions: the headless Chromium of the other tests is not one.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { copyExample, press } from './projects.mjs';

const executablePath = [process.env.CHROMIUM_BIN, '/usr/bin/chromium'].find(
  (path) => path !== undefined && existsSync(path),
);

if (executablePath === undefined) {
  console.log('The extension is not loaded: there is no browser in CHROMIUM_BIN or /usr/bin/chromium.');
  test('nobody asked for the extension on a machine without such a browser', () => {
    expect(process.env.CHROMIUM_REQUIRED).not.toBe('1');
  });
} else {
  test('a browser loads the extension, and its popup computes', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'attn-extension-'));
    const rolldownOptions = { external: ['@attn/cpu', '@attn/onnx', '@attn/webgpu'] };
    const root = copyExample('extension', folder);
    await build({ root, logLevel: 'error', build: { rolldownOptions }, worker: { rolldownOptions } });
    const extension = join(root, 'dist');
    const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath,
      headless: false, // the old way: the new one is asked for below
      args: [
        '--headless=new',
        '--no-sandbox',
        `--disable-extensions-except=${extension}`,
        `--load-extension=${extension}`,
      ],
    });
    try {
      const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
      const popup = new URL('popup.html', worker.url());
      expect(popup.protocol).toBe('chrome-extension:');
      expect(await press(await context.newPage(), popup.href)).toBe('4096 tokens by wasm');
    } finally {
      await context.close();
      rmSync(folder, { recursive: true });
    }
  });
}
