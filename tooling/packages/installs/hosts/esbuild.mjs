// esbuild: a page, with and without the files of the workers, and a bundle for Node.
import { join } from 'node:path';
import { run } from '../run.mjs';
import { ALL_THREADS, expectSaid, ONE_THREAD, PAGE_THREAD, saidBy } from './expect.mjs';
import { copyWorkers, open, pageWays, writePage } from './site.mjs';

async function bundle(folder, ...args) {
  const script = join(folder, 'node_modules/esbuild/bin/esbuild');
  await run(process.execPath, [script, '--bundle', '--format=esm', '--log-level=error', ...args], {
    cwd: folder,
  });
}

export const esbuild = {
  name: 'esbuild',
  tools: { esbuild: '0.28.2' },
  ways: {
    ...pageWays((folder, dist) => bundle(folder, 'page.mjs', `--outdir=${dist}`)),
    async 'page, split'(folder) {
      const dist = join(folder, 'dist-split');
      await bundle(folder, 'page.mjs', '--outdir=dist-split', '--splitting');
      writePage(dist, 'page.js');
      return open(dist, { wasm: PAGE_THREAD, warning: /copy @attn\/wasm/ });
    },
    async 'Node, as ES module'(folder) {
      await bundle(folder, 'main.mjs', '--platform=node', '--outfile=node.mjs');
      return expectSaid(saidBy(await run(process.execPath, ['node.mjs'], { cwd: folder })), {
        wasm: ONE_THREAD,
      });
    },
    async 'Node, with the workers beside it'(folder) {
      await bundle(folder, 'main.mjs', '--platform=node', '--outfile=dist-node/node.mjs');
      copyWorkers(folder, join(folder, 'dist-node'));
      const output = await run(process.execPath, ['dist-node/node.mjs'], { cwd: folder });
      return expectSaid(saidBy(output), { wasm: ALL_THREADS });
    },
    async 'Node, as CommonJS'(folder) {
      await bundle(folder, 'common.mjs', '--platform=node', '--format=cjs', '--outfile=node.cjs');
      return expectSaid(saidBy(await run(process.execPath, ['node.cjs'], { cwd: folder })), {
        wasm: ONE_THREAD,
      });
    },
  },
  files: {
    // CommonJS has no top-level await.
    'common.mjs': `import { check } from './check.mjs';
import { expected } from './expected.mjs';
import { start } from './start.mjs';
check(start, expected).then((lines) => console.log(lines.join('\\n')));
`,
  },
};
