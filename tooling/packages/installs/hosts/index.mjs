// Where applications are built and run. Each host is a project of its own with its `tools` and `files`, and
// `ways` to open it; `packages` are those of ours that it has, if not those of every host.
import { bunBuild } from './bun.mjs';
import { esbuild } from './esbuild.mjs';
import { examples } from './examples.mjs';
import { jests } from './jest.mjs';
import { nexts } from './next.mjs';
import { noBundler } from './no-bundler.mjs';
import { node } from './node.mjs';
import { rollup } from './rollup.mjs';
import { serviceWorker } from './service-worker.mjs';
import { vites } from './vite.mjs';
import { webpack } from './webpack.mjs';

export const HOSTS = [
  node,
  noBundler,
  ...vites,
  webpack,
  ...nexts,
  rollup,
  esbuild,
  bunBuild,
  jests,
  serviceWorker,
  ...examples,
];
