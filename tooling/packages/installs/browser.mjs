// Opens a page in headless Chromium and waits for what its project's check found.
import { chromium } from '@attn/tooling-vitest/chromium';
import { chromium as playwright } from 'playwright-core';

/**
 * Visits a page.
 * @returns `lines`, what the check printed; `warnings`, what our packages said on the console; `complaints`,
 * every other error of the page; `isIsolated`, whether it may share memory; `isStrict`, whether its policy
 * keeps it from making code of text
 */
export async function visit(url) {
  const browser = await playwright.launch(await chromium());
  try {
    const page = await browser.newPage();
    const [warnings, complaints] = [[], []];
    page.on('console', (message) => {
      if (message.text().startsWith('[attn')) warnings.push(message.text());
      // The browser asks for an icon that no page here has.
      else if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico'))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url);
    const checking = page.waitForFunction(() => globalThis.result, undefined, { timeout: 60_000 });
    const { lines = [], error } = await checking.then(
      (handle) => handle.jsonValue(),
      (reason) => ({ error: String(reason) }),
    );
    if (error !== undefined) throw new Error([error, ...complaints, ...warnings].join('\n'));
    const isIsolated = await page.evaluate('crossOriginIsolated');
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
    return { lines, warnings, complaints, isIsolated, isStrict };
  } finally {
    await browser.close();
  }
}
