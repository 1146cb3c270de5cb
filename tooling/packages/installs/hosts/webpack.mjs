// webpack 5: a page, with the packages that are missing just missing, left out by an alias, or declared as
// externals.
import { join } from 'node:path';
import { run } from '../run.mjs';
import { ALL_THREADS, PAGE_THREAD } from './expect.mjs';
import { open, writePage } from './site.mjs';

/**
 * Builds with some further options, given as text, and fails on errors; warnings about what is missing are
 * webpack's to give.
 */
const BUILD = `import webpack from 'webpack';
const [folder, more] = process.argv.slice(2);
const options = { mode: 'production', entry: './page.mjs', output: { path: folder }, ...JSON.parse(more) };
webpack(options, (error, stats) => {
  if (error) throw error;
  const { errors } = stats.toJson({ all: false, errors: true });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\\n'));
});
`;

function page(name, more, expected = { wasm: ALL_THREADS }, headers = {}) {
  return async (folder) => {
    const dist = join(folder, `dist-${name}`);
    await run(process.execPath, ['build.mjs', dist, JSON.stringify(more)], { cwd: folder });
    writePage(dist, 'main.js', 'text/javascript');
    return open(dist, expected, headers);
  };
}

export const webpack = {
  name: 'webpack 5',
  tools: { webpack: '5.113.0' },
  files: { 'build.mjs': BUILD },
  ways: {
    page: page('plain', {}),
    'page, those not installed by alias': page('alias', {
      resolve: { alias: { '@attn/webgpu': false, '@attn/onnx': false } },
    }),
    'page, those not installed as externals': page('externals', {
      externals: { '@attn/webgpu': 'absent', '@attn/onnx': 'absent' },
    }),
    'a sandboxed page': page(
      'plain',
      {},
      { wasm: PAGE_THREAD, warning: /sandbox/ },
      { 'content-security-policy': 'sandbox allow-scripts', 'cross-origin-resource-policy': 'cross-origin' },
    ),
  },
};
