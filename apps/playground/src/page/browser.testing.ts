/** Opens the built page in headless Chromium, as a person would find it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
// @ts-expect-error -- a module without types
import { chromium as installed } from '@attn/tooling-vitest/chromium';
// @ts-expect-error -- a module without types
import { serve } from '@attn/tooling-vitest/serve';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';
import { expect } from 'vitest';
import { HEADERS } from '../headers.ts';

const dist = join(import.meta.dirname, '../../dist');

/** The folder of a model that is small enough for tests. */
export function goldenFolder(name: string): string {
  return join(import.meta.dirname, '../../../../packages/models/goldens/tasks', name);
}

/** A page that is open, and what it said. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Everything in the console but `log`, errors that nobody caught, and requests that failed. */
  readonly complaints: readonly string[];
  /** Paths of the files that were loaded. */
  readonly loaded: readonly string[];
}

/** A browser, and servers for the page. */
export interface Site extends AsyncDisposable {
  /** Opens the page. `bare`: on a server that sends no headers, somewhere below its root. */
  open(hash: string, options?: BrowserContextOptions & { readonly bare?: boolean }): Promise<OpenPage>;
}

/** Starts a browser and servers. Errors: without a build. */
export async function openSite(): Promise<Site> {
  if (!existsSync(join(dist, 'index.html')))
    throw new Error(`expected the built page in ${dist}, got none: build it first`);
  const served = await serve({ '/': dist }, HEADERS);
  const bare = await serve({ '/some/where/': dist });
  const browser: Browser = await chromium.launch({ ...(await installed()), headless: true });
  return {
    async open(hash, { bare: isBare = false, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      const complaints: string[] = [];
      const loaded: string[] = [];
      page.on('console', (message) => message.type() !== 'log' && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
      context.on('request', (request) => loaded.push(new URL(request.url()).pathname));
      await page.goto(`${isBare ? `${bare.url}some/where/` : served.url}${hash}`);
      return { page, context, complaints, loaded, [Symbol.asyncDispose]: () => context.close() };
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      served.close();
      bare.close();
    },
  };
}

/** Fails if the page complained about anything. */
export function expectSilence({ complaints }: OpenPage): void {
  expect(complaints).toEqual([]);
}

/** The text that a button copied. */
export async function copied(page: Page, button: string): Promise<string> {
  await page.getByRole('button', { name: button }).click();
  await page.getByRole('button', { name: button }).getByText('Copied').waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Permissions to copy and to look at what was copied. */
export const CLIPBOARD: BrowserContextOptions = { permissions: ['clipboard-read', 'clipboard-write'] };
