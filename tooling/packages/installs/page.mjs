// A project as a page: Vite's production build, opened in headless Chromium under a strict Content-Security-Policy.
import { join } from 'node:path';
import { chromium, ISOLATION_HEADERS } from '@attn/tooling-vitest/chromium';
import { serve } from '@attn/tooling-vitest/serve';
import { chromium as playwright } from 'playwright-core';
import { build } from 'vite';

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";

/** Builds the project in `folder` into its `dist`, with Vite's defaults but for these `build` options. */
export async function buildPage(folder, options) {
  await build({ root: folder, configFile: false, logLevel: 'error', build: options });
}

/** Opens the built page, and returns what its check found. Throws what it threw, and what broke the policy. */
export async function openPage(folder, { isolated }) {
  const headers = { 'content-security-policy': POLICY, ...(isolated && ISOLATION_HEADERS) };
  const server = await serve({ '/': join(folder, 'dist') }, headers);
  const browser = await playwright.launch(await chromium());
  try {
    const page = await browser.newPage();
    const complaints = [];
    page.on('console', (message) => {
      // The browser asks for an icon that no page here has.
      if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico'))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(server.url);
    const found = page.waitForFunction(() => globalThis.result, undefined, { timeout: 60_000 });
    const result = await found.then(
      (handle) => handle.jsonValue(),
      (error) => ({ error: String(error) }),
    );
    if ((await page.evaluate('crossOriginIsolated')) !== isolated)
      throw new Error(`[attn/tooling] expected crossOriginIsolated to be ${isolated}`);
    if (result.error !== undefined || complaints.length > 0)
      throw new Error([result.error, ...complaints].filter(Boolean).join('\n'));
    // Asked from a timer of the page: what the browser's driver evaluates is exempt.
    const isStrict = await page.evaluate(
      () =>
        new Promise((resolve) => {
          setTimeout(() => {
            try {
              new Function('')();
              resolve(false);
            } catch {
              resolve(true);
            }
          });
        }),
    );
    if (!isStrict)
      throw new Error(
        '[attn/tooling] expected the page to be under its policy, but it may make code of text',
      );
    return result.lines;
  } finally {
    await browser.close();
    server.close();
  }
}
