/** A hub for the page, with one model: the page's policy allows no other address than the real one's. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { commitOf, startStubHub } from '../../../../packages/models/src/hub/stub-hub.testing.ts';

/** A hub that is running. */
export interface HubOfTest extends AsyncDisposable {
  /** Answers what the pages of a context ask the real hub. */
  standInFor(context: BrowserContext): Promise<void>;
}

/** Starts a hub with the model of a folder. */
export async function stubHub(id: string, folder: string): Promise<HubOfTest> {
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  const main = { commit: commitOf('c0ffee'), files };
  const hub = await startStubHub([{ id, revisions: new Map([['main', main]]) }], { redirects: false });
  return {
    async standInFor(context) {
      await context.route('https://huggingface.co/**', async (route) => {
        const { pathname, search } = new URL(route.request().url());
        await route.fulfill({ response: await route.fetch({ url: `${hub.url}${pathname}${search}` }) });
      });
    },
    [Symbol.asyncDispose]: () => hub.close(),
  };
}
