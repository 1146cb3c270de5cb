/** The site as its readers find it, in headless Chromium, somewhere below the root of a server. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
// @ts-expect-error -- a module without types
import { chromium as installed } from '@attn/tooling-vitest/chromium';
// @ts-expect-error -- a module without types
import { serve } from '@attn/tooling-vitest/serve';
import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
// @ts-expect-error -- a module without types
import { expectedOutput } from '@attn/tooling-vitest/expected-output';

const folder = join(import.meta.dirname, `../dist/test-${process.pid}`);
const REPOSITORY = 'https://example.org/who/what';

let server: { readonly url: string; close(): void };
let browser: Browser;

beforeAll(async () => {
  const launched = installed().then((options: object) => chromium.launch({ ...options, headless: true }));
  const script = join(import.meta.dirname, 'build-quick.testing.ts');
  const env = { ...process.env, NODE_ENV: 'production' };
  await promisify(execFile)(process.execPath, [script, folder, '/below/', REPOSITORY], { env });
  server = await serve({ '/below/': join(folder, 'site') });
  browser = await launched;
}, 240_000);
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A page of the site, and what it complained about. */
interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  readonly complaints: readonly string[];
}

async function open(path: string): Promise<OpenPage> {
  const page = await browser.newPage({ viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
  page.on(
    'response',
    (response) => response.status() >= 400 && complaints.push(`${response.url()} is missing`),
  );
  await page.goto(`${server.url}below/${path}`, { waitUntil: 'networkidle' });
  return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
}

/** What stands in the way of people who cannot see or use a mouse: one line for each fault. */
async function faults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as typeof globalThis & { readonly axe: typeof axe }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} ${target.join()}`));
}

test.each([
  '',
  'getting-started.html',
  'benchmarks.html',
  'api/@attn/wasm.html',
  'internals/architecture.html',
])('/%s has no serious fault in light and dark, is silent, and fits on 360 pixels', async (path) => {
  await using opened = await open(path);
  const { page, complaints } = opened;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await faults(page)).toEqual([]);
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  expect(complaints).toEqual([]);
});

test('the search finds the page of Longformer', async () => {
  await using opened = await open('');
  await opened.page.getByRole('button', { name: 'Search' }).click();
  await opened.page.getByRole('searchbox').fill('Longformer');
  await opened.page.locator('.VPLocalSearchBox a[href*="longformer.html"]').first().click();
  await opened.page.getByRole('heading', { level: 1, name: 'Longformer' }).waitFor();
});

test.each([
  '',
  'getting-started.html',
  'patterns.html',
  'linformer.html',
  'reformer.html',
  'longformer.html',
  'troubleshooting.html',
])('the programs of /%s print in the page what the page says', async (path) => {
  await using opened = await open(path);
  const { page, complaints } = opened;
  const programs = page.locator('.run');
  expect(await programs.count()).toBeGreaterThan(0);
  for (const program of await programs.all()) {
    await program.getByRole('button', { name: 'Run' }).click();
    const printed = program.locator('output:is([data-state=done], [data-state=failed])');
    await printed.waitFor({ state: 'attached', timeout: 60_000 });
    const text = await program.locator('xpath=following-sibling::div[1]//code').textContent();
    expect((await printed.textContent())?.trimEnd()).toMatch(expectedOutput(text));
  }
  expect(complaints).toEqual([]);
});

test('links to sources lead to the repository, and the playground is there', async () => {
  await using opened = await open('internals/architecture.html');
  const { page } = opened;
  const source = page.getByRole('link', { name: 'patterns/sliding-window.ts' });
  expect(await source.getAttribute('href')).toBe(
    `${REPOSITORY}/blob/main/packages/core/src/patterns/sliding-window.ts`,
  );
  await page.goto(`${server.url}below/`);
  await page.getByRole('link', { name: 'Playground' }).first().click();
  await page.waitForSelector('canvas[data-drawn]');
});
