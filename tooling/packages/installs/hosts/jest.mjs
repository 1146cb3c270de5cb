// Jest 30: tests as ES modules, and tests that are transformed to CommonJS, whose dynamic imports Jest does
// not run.
import { run } from '../run.mjs';
import { ALL_THREADS, expectSaid } from './expect.mjs';

const TEST = `import { check } from './check.mjs';
import { expected } from './expected.mjs';
import { start } from './start.mjs';

test('an application', async () => {
  process.stdout.write((await check(start, expected)).join('\\n') + '\\n');
}, 60_000);
`;

/** Imports of packages become \`require\`; those that stay dynamic are Jest's to refuse. */
const TRANSFORM = `const { transformSync } = require('esbuild');

exports.process = (source, path) =>
  transformSync(source, { format: 'cjs', supported: { 'dynamic-import': true }, target: 'es2022', sourcefile: path });
`;

const COMMON_TEST = `import { createAttn } from '@attn/auto';
import { createAttn as createAttnFrom, f32 } from '@attn/core';
import { cpu } from '@attn/cpu';

test('an application', async () => {
  const attn = await createAttn();
  for (const { name, available, reason } of attn.probe()) process.stdout.write(name + ': ' + available + ', ' + reason + '\\n');
  const q = f32([1, 1, 1, 1], [1]);
  await expect(attn.attention({ q, k: q, v: q })).rejects.toMatchObject({ code: 'NO_BACKEND' });
  await attn.dispose();
  const listing = await createAttnFrom({ backends: [cpu()] });
  expect((await listing.attention({ q, k: q, v: q })).backend).toBe('cpu');
  await listing.dispose();
});
`;

const jest = (folder, config, options) =>
  run(process.execPath, [...options, 'node_modules/jest/bin/jest.js', '--ci', '--config', config], {
    cwd: folder,
  });

export const jests = {
  name: 'Jest 30',
  tools: { jest: '30.5.2', esbuild: '0.28.2' },
  files: {
    'module.test.mjs': TEST,
    'module.config.json': JSON.stringify({ testMatch: ['**/module.test.mjs'], transform: {} }),
    'common.test.js': COMMON_TEST,
    'transform.cjs': TRANSFORM,
    'common.config.json': JSON.stringify({
      testMatch: ['**/common.test.js'],
      transform: { '\\.m?js$': '<rootDir>/transform.cjs' },
      transformIgnorePatterns: [],
      extensionsToTreatAsEsm: [],
    }),
  },
  ways: {
    async 'ES modules'(folder) {
      const output = await jest(folder, 'module.config.json', ['--experimental-vm-modules', '--no-warnings']);
      return expectSaid(
        { lines: output.split('\n').filter((line) => line.includes(':') || line.includes('computed')) },
        { wasm: ALL_THREADS },
      );
    },
    async 'CommonJS, without --experimental-vm-modules'(folder) {
      const output = await jest(folder, 'common.config.json', []);
      const lines = output.split('\n').filter((line) => /^\w+: (true|false)/.test(line));
      const isRefused = (line) => /: false, it (could not be loaded|is not installed)/.test(line);
      if (lines.length !== 4 || !lines.every(isRefused))
        throw new Error(`[attn/tooling] expected four reasons, got\n${output}`);
      return lines;
    },
  },
};
