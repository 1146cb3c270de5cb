// Tests on this machine what chromium.mjs claims: the browser starts from npm packages alone and opens a page
// on
// 127.0.0.1, which is cross-origin isolated, so that shared memory and worker pools can be tested.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { chromium as playwright } from 'playwright-core';
import { expect, test } from 'vitest';
import { ISOLATION_HEADERS, chromium } from './chromium.mjs';

test('a headless Chromium starts and isolates a local page', { timeout: 60_000 }, async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html', ...ISOLATION_HEADERS }).end('<p>ready</p>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const browser = await playwright.launch(await chromium());
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    expect(await page.evaluate('1 + 1')).toBe(2);
    expect(await page.evaluate('crossOriginIsolated')).toBe(true);
    expect(await page.evaluate('new SharedArrayBuffer(8).byteLength')).toBe(8);
  } finally {
    await browser.close();
    server.close();
  }
});
