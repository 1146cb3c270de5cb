// A service worker made of several modules: import() is forbidden there, so that what a bundle splits off
// cannot be loaded.
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { serve } from '@attn/tooling-vitest/serve';
import { visit } from '../browser.mjs';
import { run } from '../run.mjs';

const BUILD = `import webpack from 'webpack';
const options = {
  mode: 'production',
  entry: { automatic: './automatic.mjs', listing: './listing.mjs' },
  target: 'webworker',
  output: { path: process.argv[2], asyncChunks: process.argv[3] === 'split', filename: '[name].js', module: true, chunkFormat: 'module', chunkLoading: 'import' },
  experiments: { outputModule: true },
};
webpack(options, (error, stats) => {
  if (error) throw error;
  const { errors } = stats.toJson({ all: false, errors: true });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\\n'));
});
`;

/** Lists the backends, and tries a call. */
const worker = (imports, start) => `${imports}
import { f32 } from '@attn/core';

async function answer() {
  const attn = await ${start};
  const lines = attn.probe().map(({ name, summary, reason }) => name + ': ' + (summary ?? reason));
  const q = f32([1, 1, 1, 1], [1]);
  const { backend } = await attn.attention({ q, k: q, v: q }).catch(({ code }) => ({ backend: code }));
  await attn.dispose();
  return { lines: [...lines, 'computed by ' + backend] };
}
addEventListener('message', ({ source }) =>
  answer().then((result) => source.postMessage(result), (error) => source.postMessage({ error: String(error) })),
);
`;

const page = (script) => `<!doctype html>
<meta charset="utf-8" />
<script type="module">
  navigator.serviceWorker.addEventListener('message', ({ data }) => (globalThis.result = data));
  await navigator.serviceWorker.register('./${script}', { type: 'module' });
  (await navigator.serviceWorker.ready).active.postMessage('start');
</script>
`;

function listing(script, expected, chunks = 'split') {
  return async (folder) => {
    const dist = join(folder, `dist-${chunks}`);
    await run(process.execPath, ['build.mjs', dist, chunks], { cwd: folder });
    writeFileSync(join(dist, 'index.html'), page(script));
    const server = await serve({ '/': dist });
    try {
      const { lines } = await visit(server.url);
      const isMet = expected.length === lines.length && expected.every((each, i) => each.test(lines[i]));
      if (!isMet) throw new Error(`[attn/tooling] expected ${expected.join(', ')}, got\n${lines.join('\n')}`);
      return lines;
    } finally {
      server.close();
    }
  };
}

const FORBIDDEN = /could not be loaded: .*import\(\) is disallowed on ServiceWorkerGlobalScope/;

export const serviceWorker = {
  name: 'service worker',
  tools: { webpack: '5.113.0' },
  files: {
    'build.mjs': BUILD,
    'automatic.mjs': worker("import { createAttn } from '@attn/auto';", 'createAttn()'),
    'listing.mjs': worker(
      "import { createAttn } from '@attn/core';\nimport { cpu } from '@attn/cpu';\nimport { wasm } from '@attn/wasm';",
      'createAttn({ backends: [wasm(), cpu()] })',
    ),
  },
  ways: {
    '@attn/auto': listing('automatic.js', [
      /not installed/,
      FORBIDDEN,
      FORBIDDEN,
      FORBIDDEN,
      /by NO_BACKEND/,
    ]),
    'backends listed': listing('listing.js', [FORBIDDEN, /^cpu: plain JavaScript/, /computed by cpu/]),
    '@attn/auto, all in one file': listing(
      'automatic.js',
      [
        /not installed/,
        /^wasm: WebAssembly/,
        /not installed/,
        /^cpu: plain JavaScript/,
        /computed by (cpu|wasm)/,
      ],
      'whole',
    ),
  },
};
