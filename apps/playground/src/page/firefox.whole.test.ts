import { existsSync } from 'node:fs';
import { join } from 'node:path';
// @ts-expect-error -- a module without types
import { serve } from '@attn/tooling-vitest/serve';
import { launch, type Page } from 'puppeteer-core';
import { expect, test } from 'vitest';
import { HEADERS } from '../headers.ts';

/** Firefox as people have it: that of FIREFOX_BIN, or that of the system. */
const executablePath = [process.env.FIREFOX_BIN, '/usr/bin/firefox-esr', '/usr/bin/firefox'].find(
  (path) => path !== undefined && existsSync(path),
);

const press = (page: Page, button: string): Promise<void> =>
  page.locator(`::-p-aria([name="${button}"][role="button"])`).click();
const waitForText = (page: Page, text: string) =>
  page.waitForSelector(`::-p-text(${text})`, { timeout: 60_000 });

async function usePage(page: Page, url: string): Promise<void> {
  await page.goto(`${url}#draw?pattern=["causal"]&n=256`);
  await page.waitForSelector('canvas[data-drawn$="positions:0:0:256"]');
  await page.locator('canvas[role=application]').click();
  await page.keyboard.press('+');
  await page.waitForSelector('canvas[data-drawn$="positions:64:64:128"]');

  await page.locator('::-p-aria([name="Race"][role="tab"])').click();
  await page.waitForSelector('#panel-race form');
  await page.locator('::-p-aria([name="ONNX Runtime (14 MB)"])').click();
  await press(page, 'Race');
  await page.waitForSelector('#race-result', { timeout: 60_000 });
  const rows = await page.$$eval('#race-result tbody tr', (all) => all.map((row) => row.textContent));
  expect(rows.find((row) => row.startsWith('wasm'))).toMatch(/wasm[\d.]+ ms.*WebAssembly SIMD/);
  expect(rows.find((row) => row.startsWith('cpu'))).toMatch(/cpu[\d.]+ ms.*plain JavaScript/);

  await page.locator('::-p-aria([name="Read"][role="tab"])').click();
  await press(page, 'Load the model');
  await page.waitForSelector('#model-facts', { timeout: 60_000 });
  await page.locator('.drop textarea').fill('The ship saw the whale, and the whale saw the ship.');
  await press(page, 'Open it');
  await press(page, 'Make vectors');
  await waitForText(page, 'vectors of 128 numbers');
  await press(page, 'Attention');
  await page.waitForSelector('.reader.choosing');
  await page.focus('.reader.choosing');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.reader .chosen', { timeout: 60_000 });
  expect(await page.$eval('.reader .chosen', (word) => word.textContent)).toBe('The');
}

if (executablePath === undefined) {
  console.log('Firefox is left out: there is none in FIREFOX_BIN, /usr/bin/firefox-esr or /usr/bin/firefox.');
  test('nobody asked for Firefox on a machine without it', () => {
    expect(process.env.FIREFOX_REQUIRED).not.toBe('1');
  });
} else {
  test('Firefox draws, races and reads, without a complaint', async () => {
    const server = await serve({ '/': join(import.meta.dirname, '../../dist') }, HEADERS);
    const browser = await launch({ browser: 'firefox', executablePath, headless: true });
    try {
      const page = await browser.newPage();
      await page.setViewport({ width: 1200, height: 900 });
      const complaints: string[] = [];
      page.on('console', (message) => message.type() !== 'log' && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await usePage(page, server.url);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
      server.close();
    }
  });
}
