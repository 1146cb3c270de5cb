// Node and Deno with few permissions, and a Node in which packages cannot reach threads.
import { DENO, inRuntime, nodePackage } from '../../../runtimes/versions.mjs';
import { run } from '../run.mjs';
import { ALL_THREADS, expectSaid, ONE_THREAD, saidBy } from './expect.mjs';

const OLD_NODE = '22.0.0';
const oldNode = nodePackage(OLD_NODE);

const UNTRUSTING_DENO = { spec: DENO.spec, command: ['deno', 'run', '--no-prompt'] };

const permitted = (folder, ...more) =>
  run(process.execPath, ['--no-warnings', '--permission', '--allow-fs-read=*', ...more, 'main.mjs'], {
    cwd: folder,
  });

export const node = {
  name: 'Node, Deno: restricted',
  ways: {
    'Node with --permission': async (folder) =>
      expectSaid(saidBy(await permitted(folder)), { wasm: ONE_THREAD }),
    'Node with --permission and --allow-worker': async (folder) =>
      expectSaid(saidBy(await permitted(folder, '--allow-worker')), { wasm: ALL_THREADS }),
    'Deno without --allow-read': async (folder) =>
      expectSaid(saidBy(await run('npx', inRuntime(UNTRUSTING_DENO, 'main.mjs'), { cwd: folder })), {
        wasm: ONE_THREAD,
      }),
    ...(oldNode && {
      [`Node ${OLD_NODE}`]: async (folder) =>
        expectSaid(
          saidBy(
            await run('npx', inRuntime({ spec: oldNode, command: ['node'] }, 'main.mjs'), { cwd: folder }),
          ),
          { wasm: ONE_THREAD },
        ),
    }),
  },
};
