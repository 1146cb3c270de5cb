// One folder of static files that works from any address: relative paths, no inline script, no server.
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { defineConfig, type Plugin } from 'vite';
import { HEADERS, POLICY } from './src/headers.ts';

const book = new URL('../cli/data/moby-dick.txt', import.meta.url);

/** Puts the novel of the demo beside the page, which fetches it when somebody asks for it. */
function novel(): Plugin {
  const emit = 'books/moby-dick.txt';
  return {
    name: 'attn-novel',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: emit, source: readFileSync(book) });
    },
  };
}

/** Files that are kept for later when they are first used, not before: they are large. */
const LARGE = 300_000;

/** Tells the service worker which files the page consists of, and a name of this very build. */
function offline(): Plugin {
  return {
    name: 'attn-offline',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const worker = bundle['service-worker.js'];
        if (worker?.type !== 'chunk') throw new Error('expected the service worker in the bundle, got none');
        const hash = createHash('sha256');
        const files = ['./'];
        for (const [name, file] of Object.entries(bundle)) {
          const content = file.type === 'chunk' ? file.code : file.source;
          hash.update(name).update(content);
          const isPart = file !== worker && !name.endsWith('.map') && name !== 'index.html';
          if (isPart && content.length < LARGE) files.push(`./${name}`);
        }
        worker.code = worker.code
          .replace('__FILES__', JSON.stringify(files))
          .replace('__BUILD__', JSON.stringify(hash.digest('hex').slice(0, 12)));
      },
    },
  };
}

/**
 * Writes the policy into the page, for servers that send no headers. The development server needs inline
 * scripts.
 */
function policy(): Plugin {
  return {
    name: 'attn-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
        injectTo: 'head-prepend',
      },
    ],
  };
}

export default defineConfig({
  base: './',
  resolve: {
    // The runtime's build for WebAssembly alone: the default one also has its own WebGPU, and is twice as
    // large.
    alias: [{ find: /^onnxruntime-web$/, replacement: 'onnxruntime-web/wasm' }],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      input: { index: 'index.html', 'service-worker': 'src/service-worker/service-worker.ts' },
      output: {
        entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: { headers: { ...HEADERS, 'Content-Security-Policy': '' } },
  preview: { headers: HEADERS },
  plugins: [novel(), policy(), offline()],
});
