// Vite, of each major version: the development server, with and without its bundling ahead, and the build.
import { join } from 'node:path';
import { ISOLATION_HEADERS } from '@attn/tooling-vitest/chromium';
import { whileServing } from '../background.mjs';
import { visit } from '../browser.mjs';
import { run } from '../run.mjs';
import { ALL_THREADS, expectSaid, PAGE_THREAD } from './expect.mjs';
import { open } from './site.mjs';

const config = (more = {}) =>
  `export default ${JSON.stringify({ server: { headers: ISOLATION_HEADERS }, build: { target: 'es2022' }, ...more })};\n`;

function host(version, { losesWorkers }) {
  const vite = 'node_modules/vite/bin/vite.js';
  const inDevelopment = (folder, file, expected) =>
    whileServing(
      folder,
      vite,
      ['--config', file, '--host', '127.0.0.1', '--port', '0', '--force'],
      async (url) => expectSaid(await visit(url), expected),
    );
  return {
    name: `Vite ${version}`,
    tools: { vite: version },
    files: {
      'plain.config.mjs': config(),
      'excluding.config.mjs': config({ optimizeDeps: { exclude: ['@attn/wasm'] } }),
    },
    ways: {
      development: (folder) =>
        inDevelopment(
          folder,
          'plain.config.mjs',
          losesWorkers ? { wasm: PAGE_THREAD, warning: /optimizeDeps/ } : { wasm: ALL_THREADS },
        ),
      ...(losesWorkers && {
        'development, with optimizeDeps.exclude': (folder) =>
          inDevelopment(folder, 'excluding.config.mjs', { wasm: ALL_THREADS }),
      }),
      async build(folder) {
        await run(process.execPath, [vite, 'build', '--config', 'plain.config.mjs', '--logLevel', 'error'], {
          cwd: folder,
        });
        return open(join(folder, 'dist'), { wasm: ALL_THREADS });
      },
    },
  };
}

export const vites = [
  host('5.4.21', { losesWorkers: true }),
  host('6.4.6', { losesWorkers: true }),
  host('7.3.8', { losesWorkers: true }),
  host('8.3.8', { losesWorkers: false }),
];
