// bun build: a page, a bundle for Bun, and one executable.
import { join } from 'node:path';
import { BUN, inRuntime } from '../../../runtimes/versions.mjs';
import { run } from '../run.mjs';
import { ALL_THREADS, expectSaid, ONE_THREAD, PAGE_THREAD, saidBy } from './expect.mjs';
import { copyWorkers, open, writePage } from './site.mjs';

const bun = (folder, ...args) => run('npx', inRuntime(BUN, ...args), { cwd: folder });

export const bunBuild = {
  name: 'bun build',
  ways: {
    async page(folder) {
      const dist = join(folder, 'dist');
      await bun(folder, 'build', 'page.mjs', '--outdir', 'dist');
      writePage(dist, 'page.js');
      return open(dist, { wasm: PAGE_THREAD, warning: /copy @attn\/wasm/ });
    },
    async 'page, with the workers beside it'(folder) {
      const dist = join(folder, 'dist');
      copyWorkers(folder, dist);
      return open(dist, { wasm: ALL_THREADS });
    },
    async 'a bundle for Bun'(folder) {
      await bun(folder, 'build', 'main.mjs', '--target=bun', '--outdir', 'dist-bun');
      return expectSaid(saidBy(await bun(folder, 'dist-bun/main.js')), { wasm: ONE_THREAD });
    },
    async 'an executable'(folder) {
      await bun(folder, 'build', 'main.mjs', '--compile', '--outfile', 'app');
      return expectSaid(saidBy(await run(join(folder, 'app'), [], { cwd: folder })), { wasm: ONE_THREAD });
    },
  },
};
