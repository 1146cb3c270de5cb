// A folder with a page in it, as it is put on a server.
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ISOLATION_HEADERS } from '@attn/tooling-vitest/chromium';
import { serve } from '@attn/tooling-vitest/serve';
import { visit } from '../browser.mjs';
import { ALL_THREADS, expectSaid, PAGE_THREAD } from './expect.mjs';

/** A page of this project around a built script. */
export function writePage(folder, script, type = 'module') {
  const html = `<!doctype html>\n<meta charset="utf-8" />\n<script type="${type}" src="./${script}" defer></script>\n`;
  writeFileSync(join(folder, 'index.html'), html);
}

/** Copies the scripts of the threads to where a bundle lies. */
export function copyWorkers(folder, dist) {
  const workers = join(folder, 'node_modules/@attn/wasm/dist/workers');
  for (const file of readdirSync(workers)) {
    if (/^attn-wasm-\w+\.js$/.test(file)) cpSync(join(workers, file), join(dist, file));
  }
}

/** Opens the page in a folder, cross-origin isolated, and says what it did if that was as expected. */
export async function open(folder, expected, headers = {}) {
  const server = await serve({ '/': folder }, { ...ISOLATION_HEADERS, ...headers });
  try {
    return expectSaid(await visit(server.url), expected);
  } finally {
    server.close();
  }
}

/** The ways of a bundler that leaves the workers out: its page by itself, and with their files beside it. */
export function pageWays(bundle) {
  const built = async (folder, name) => {
    await bundle(folder, name);
    const dist = join(folder, name);
    writePage(dist, 'page.js');
    return dist;
  };
  return {
    async page(folder) {
      return open(await built(folder, 'dist'), { wasm: PAGE_THREAD, warning: /copy @attn\/wasm/ });
    },
    async 'page, with the workers beside it'(folder) {
      const dist = await built(folder, 'dist-workers');
      copyWorkers(folder, dist);
      return open(dist, { wasm: ALL_THREADS });
    },
  };
}
