// Pages without a bundler: an import map, modules of another origin, and pages that may start no worker.
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '@attn/tooling-vitest/serve';
import { ALL_THREADS, PAGE_THREAD } from './expect.mjs';
import { open } from './site.mjs';

/** The packages of this project where they lie, for pages of any origin. */
function importMap(origin) {
  const at = (name, file = 'index.js') => `${origin}/node_modules/@attn/${name}/dist/${file}`;
  return {
    imports: {
      '@attn/auto': at('auto'),
      '@attn/core': at('core'),
      '@attn/core/backend': at('core', 'backend.js'),
      '@attn/core/reference': at('core', 'reference.js'),
      '@attn/wasm': at('wasm'),
      '@attn/cpu': at('cpu'),
    },
  };
}

/** A page with the project's own modules, whose packages come from an origin. */
function site(folder, origin) {
  const map = `<script type="importmap">${JSON.stringify(importMap(origin))}</script>`;
  writeFileSync(
    join(folder, 'index.html'),
    `<!doctype html>\n<meta charset="utf-8" />\n${map}\n<script type="module" src="./page.mjs"></script>\n`,
  );
  return folder;
}

/** Serves the packages from another origin while the page is open. */
async function fromElsewhere(folder, expected, headers) {
  const elsewhere = await serve(
    { '/': folder },
    {
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'cross-origin-embedder-policy': 'require-corp',
    },
  );
  try {
    const own = join(folder, 'own');
    for (const file of ['check.mjs', 'page.mjs', 'start.mjs', 'expected.mjs'])
      cpSync(join(folder, file), join(own, file));
    return await open(site(own, elsewhere.url.slice(0, -1)), expected, headers);
  } finally {
    elsewhere.close();
  }
}

export const noBundler = {
  name: 'no bundler',
  ways: {
    'import map': (folder) => open(site(folder, '.'), { wasm: ALL_THREADS }),
    'modules of another origin': (folder) => fromElsewhere(folder, { wasm: ALL_THREADS }),
    'modules of another origin, worker-src without blob:': (folder) =>
      fromElsewhere(
        folder,
        { wasm: PAGE_THREAD, warning: /worker-src/ },
        { 'content-security-policy': "worker-src 'self'" },
      ),
    "worker-src 'none'": (folder) =>
      open(
        site(folder, '.'),
        { wasm: PAGE_THREAD, warning: /worker-src/ },
        { 'content-security-policy': "worker-src 'none'" },
      ),
    'a sandboxed page': (folder) =>
      open(
        site(folder, '.'),
        { wasm: ALL_THREADS },
        { 'content-security-policy': 'sandbox allow-scripts', 'access-control-allow-origin': '*' },
      ),
  },
};
