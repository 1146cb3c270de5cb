// bun build: a page, a bundle for Bun, and one executable.
import { join } from 'node:path';
import { BUN, inRuntime } from '../../../runtimes/versions.mjs';
import { run } from '../run.mjs';
import { expectSaid, ONE_THREAD, saidBy } from './expect.mjs';
import { pageWays } from './site.mjs';

const bun = (folder, ...args) => run('npx', inRuntime(BUN, ...args), { cwd: folder });

export const bunBuild = {
  name: 'bun build',
  ways: {
    ...pageWays((folder, dist) => bun(folder, 'build', 'page.mjs', '--outdir', dist)),
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
