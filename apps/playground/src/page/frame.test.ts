import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectSilence, openSite, type Site } from './browser.testing.ts';

let site: Site;
beforeAll(async () => void (site = await openSite()));
afterAll(() => site[Symbol.asyncDispose]());

/** What stands in the way of people who cannot see or use a mouse: one line for each fault. */
async function faults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as typeof globalThis & { readonly axe: typeof axe }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.join()}: ${failureSummary}`),
    );
}

test.each(['draw', 'race', 'read'])(
  '%s has no serious fault in light and dark, and fits on 360 pixels',
  async (part) => {
    await using open = await site.open(`#${part}`, { viewport: { width: 360, height: 740 } });
    const { page } = open;
    await page.locator(`#panel-${part}:not([hidden]) .controls`).waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await faults(page)).toEqual([]);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expectSilence(open);
  },
);

test('results have no serious fault', async () => {
  await using open = await site.open('#race?pattern=["causal"]');
  const { page } = open;
  await page.getByLabel('Tokens (n)').last().fill('64');
  for (const name of ['WebGPU', 'ONNX Runtime (14 MB)']) await page.getByLabel(name).uncheck();
  await page.getByRole('button', { name: 'Race', exact: true }).click();
  await page.locator('#race-result').waitFor();
  expect(await faults(page)).toEqual([]);
  await page.getByRole('tab', { name: 'Read' }).click();
  await page.getByRole('button', { name: 'Load the model' }).click();
  await page.locator('#model-facts').waitFor();
  await page.getByLabel('Paste a text, or drop a .txt here').fill('The ship saw the ship.');
  await page.getByRole('button', { name: 'Open it' }).click();
  await page.getByRole('button', { name: 'Attention' }).click();
  await page.locator('.reader').press('Enter');
  await page.locator('.reader .chosen').waitFor();
  expect(await faults(page)).toEqual([]);
  expectSilence(open);
});

test('the tabs are used by keys', async () => {
  await using open = await site.open('');
  const { page } = open;
  await page.getByRole('tab', { name: 'Draw' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.locator('#panel-race .controls').waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await page.locator('#panel-read .controls').waitFor();
  expect(new URL(page.url()).hash).toMatch(/^#read\?/);
  expectSilence(open);
});

/** The most bytes of the first load, gzipped. */
const MOST_BYTES = 150_000;

test('the first load is small, and a model, a runtime or a backend is no part of it', async () => {
  await using open = await site.open('', { serviceWorkers: 'block' });
  await open.page.waitForSelector('canvas[data-drawn]');
  const dist = join(import.meta.dirname, '../../dist');
  const files = [...new Set(open.loaded.map((path) => (path === '/' ? '/index.html' : path)))];
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0);
  expect(bytes).toBeLessThan(MOST_BYTES);
  expect(files.filter((file) => /ort|engine-|read-|race-/.test(file))).toEqual([]);
});

test('below any address, without headers: isolated after a reload, and there without a network', async () => {
  await using open = await site.open('', { bare: true });
  const { page, context } = open;
  await page.getByText('This page is not cross-origin isolated').waitFor();
  await page.waitForSelector('canvas[data-drawn]'); // what a reload breaks off counts as failed
  await page.getByRole('button', { name: 'Reload with all cores' }).click();
  await page.waitForFunction(() => crossOriginIsolated);
  await page.waitForSelector('canvas[data-drawn]');
  expect(await page.getByText('This page is not cross-origin isolated').count()).toBe(0);

  await context.setOffline(true);
  await page.reload();
  await page.waitForSelector('canvas[data-drawn]');
  await page.getByRole('tab', { name: 'Read' }).click();
  await page.getByRole('button', { name: 'Load the model' }).click();
  await expect
    .poll(() => page.locator('#model-facts').textContent(), { timeout: 30_000 })
    .toContain('LongformerModel');
  const failed = open.complaints.filter(
    (line) => !line.includes('icon.svg') && !line.endsWith('/some/where/ failed'),
  );
  expect(failed).toEqual([]);
});
