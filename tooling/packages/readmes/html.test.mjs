// The pages without a bundler that the docs show work as they stand, with the packages of this repository
// in place of those of a CDN.
import { join } from 'node:path';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { chromium as playwright } from 'playwright-core';
import { chromium, ISOLATION_HEADERS } from '@attn/tooling-vitest/chromium';
import { serve } from '@attn/tooling-vitest/serve';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf, PAGES, root } from './pages.mjs';
import { startStandInHub } from './stand-in-hub.mjs';

const CDN = /https:\/\/cdn\.jsdelivr\.net\/npm\//g;

const blocks = PAGES.flatMap(blocksOf).filter(({ language }) => language === 'html');
const whole = blocks.filter(({ code }) => code.includes('type="module"'));
const folder = mkdtempSync(join(tmpdir(), 'attn-html-'));
let browser;
let packages;
let site;
let hub;

beforeAll(async () => {
  const names = ['auto', 'core', 'cpu', 'models', 'safetensors', 'tokenizers', 'torch', 'wasm'];
  const places = names.map((name) => [`/@attn/${name}/`, join(root, 'packages', name)]);
  packages = await serve(Object.fromEntries(places), {
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'cross-origin-embedder-policy': 'require-corp',
  });
  site = await serve({ '/': folder }, ISOLATION_HEADERS);
  hub = await startStandInHub();
  browser = await playwright.launch(await chromium());
}, 60_000);
afterAll(async () => {
  await browser?.close();
  packages?.close();
  site?.close();
  await hub?.close();
  rmSync(folder, { recursive: true });
});

test.each(whole.map((block) => [`${block.page}:${block.line}`, block]))(
  '%s',
  { timeout: 60_000 },
  async (_name, { code, output }) => {
    writeFileSync(join(folder, 'index.html'), code.replaceAll(CDN, packages.url));
    const page = await browser.newPage();
    await page.route('https://huggingface.co/**', async (route) => {
      const url = route.request().url().replace('https://huggingface.co', hub.url);
      await route.fulfill({ response: await route.fetch({ url }) });
    });
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() !== 'log' && !message.location().url.endsWith('/favicon.ico'))
        complaints.push(message.text());
    });
    await page.goto(site.url);
    const text = await page
      .waitForFunction(() => document.body.textContent.trim() || undefined, undefined, { timeout: 30_000 })
      .then((handle) => handle.jsonValue(), String);
    expect(complaints).toEqual([]);
    expect(output, 'a page is followed by what it shows').toBeDefined();
    expect(text).toBe(output.trim());
  },
);

test.each(blocks.map((block) => [`${block.page}:${block.line}`, block.code]))(
  'the import map of %s is JSON',
  (_name, code) => {
    const [, map] = /<script type="importmap">(.+?)<\/script>/s.exec(code);
    expect(Object.keys(JSON.parse(map).imports)).toContain('@attn/core/backend');
  },
);
