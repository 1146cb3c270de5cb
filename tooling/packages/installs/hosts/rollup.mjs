// Rollup with its plugins for packages, of which one is CommonJS: a page, with and without the files of the workers.
import { join } from 'node:path';
import { run } from '../run.mjs';
import { ALL_THREADS, PAGE_THREAD } from './expect.mjs';
import { copyWorkers, open, writePage } from './site.mjs';

export const rollup = {
  name: 'Rollup 4',
  tools: { rollup: '4.68.8', '@rollup/plugin-node-resolve': '16.0.3', '@rollup/plugin-commonjs': '29.0.3' },
  ways: {
    async page(folder) {
      const dist = join(folder, 'dist');
      const script = 'node_modules/rollup/dist/bin/rollup';
      await run(
        process.execPath,
        [script, 'page.mjs', '--dir', 'dist', '--plugin', 'node-resolve', '--plugin', 'commonjs', '--silent'],
        {
          cwd: folder,
        },
      );
      writePage(dist, 'page.js');
      return open(dist, { wasm: PAGE_THREAD, warning: /copy @attn\/wasm/ });
    },
    async 'page, with the workers beside it'(folder) {
      const dist = join(folder, 'dist');
      copyWorkers(folder, dist);
      return open(dist, { wasm: ALL_THREADS });
    },
  },
};
