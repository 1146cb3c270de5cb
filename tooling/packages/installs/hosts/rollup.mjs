// Rollup with its plugins for packages, of which one is CommonJS: a page, with and without the files of the
// workers.
import { run } from '../run.mjs';
import { pageWays } from './site.mjs';

const SCRIPT = 'node_modules/rollup/dist/bin/rollup';
const PLUGINS = ['--plugin', 'node-resolve', '--plugin', 'commonjs'];

export const rollup = {
  name: 'Rollup 4',
  tools: { rollup: '4.68.8', '@rollup/plugin-node-resolve': '16.0.3', '@rollup/plugin-commonjs': '29.0.3' },
  ways: pageWays((folder, dist) =>
    run(process.execPath, [SCRIPT, 'page.mjs', '--dir', dist, ...PLUGINS, '--silent'], { cwd: folder }),
  ),
};
