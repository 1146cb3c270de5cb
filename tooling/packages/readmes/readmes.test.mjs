// Every package shows in its README how it is used, and every block of code there runs as it stands, in a folder where the packages are installed.
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { useSoftwareVulkan } from '@attn/tooling-vitest/software-vulkan';

const root = join(import.meta.dirname, '../../..');
const home = join(import.meta.dirname, '..'); // where every package is installed

/** What a block takes for granted: code before it, and files beside it. */
const GIVEN = [
  {
    when: /webgpu\(\{ device \}\)/,
    before: `import { create } from 'webgpu';
import { f32 } from '@attn/core';
globalThis.gpu = create([]); // Dawn ends with it
const device = await (await globalThis.gpu.requestAdapter()).requestDevice();
const shape = [1, 1, 4, 8];
const buffer = device.createBuffer({ size: 128, usage: 0x80 | 0x04 | 0x08 }); // storage, from and to which is copied
const [q, k, v] = [1, 2, 3].map((seed) => f32(shape, Float32Array.from({ length: 32 }, (_, i) => Math.sin(i * seed))));
const renderFrom = (buffer) => console.log(buffer.size);
`,
  },
  {
    // The suite on a backend of the reader: a test file, of which a few cases will do.
    when: /describeConformance/,
    before: "import { cpu as myBackend } from '@attn/cpu';\n",
    without: /^import \{ myBackend \}.*$/m,
    test: 'attn:relu:* contract:disposed',
  },
  {
    // A checkpoint of the hub, which tests do not download: the example gets as far as asking for it.
    when: /loadModel\('allenai/,
    before: "globalThis.fetch = async () => { throw new TypeError('there is no network in tests'); };\n",
    fails: /\[attn\/models\] hub: the hub could not be asked for allenai\/.*there is no network in tests/,
  },
  {
    // A test file of the reader's package.
    when: /describeFunctions\(/,
    beside: { 'index.ts': "export { cpu as myBackend } from '@attn/cpu';\n" },
    test: '*',
  },
  {
    when: /attentionCases\(/,
    before: `import { cpu } from '@attn/cpu';
import { slidingWindow } from '@attn/core';
const backend = cpu();
`,
  },
];

/** The TypeScript blocks of a file. */
const blocksOf = (file) =>
  [...readFileSync(file, 'utf8').matchAll(/^```ts\n(.+?)^```/gms)].map(([, block]) => block);

const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
);
const folder = mkdtempSync(join(tmpdir(), 'attn-readmes-'));
symlinkSync(join(home, 'node_modules'), join(folder, 'node_modules'));
afterAll(() => rmSync(folder, { recursive: true }));
await useSoftwareVulkan();

/** Nothing that an example opened stays open; Linux shows it. */
const CLOSED = `
import { existsSync as thereIs, readdirSync as namesIn, readlinkSync as target } from 'node:fs';
const fileOf = (name) => { try { return target('/proc/self/fd/' + name); } catch { return ''; } };
const left = (thereIs('/proc/self/fd') ? namesIn('/proc/self/fd') : []).map(fileOf).filter((path) => /safetensors|\\.onnx$|\\.json$/.test(path));
if (left.length > 0) throw new Error('left open: ' + left.join(', '));
`;

/** Sequences are made shorter, which changes nothing but the time: GPUs of tests are made of software. */
const shorter = (code) => code.replaceAll(/\b(4096|16_384)\b/g, '512');

/** Runs a block as a program, or as a test file where it is one; resolves if it ends as it should. */
async function runBlock(name, block) {
  const given = GIVEN.find(({ when }) => when.test(block));
  const code = shorter(`${given?.before ?? ''}${given?.without ? block.replace(given.without, '') : block}`);
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  for (const [file, text] of Object.entries(given?.beside ?? {})) writeFileSync(join(place, file), text);
  const options = { cwd: place, env: { ...process.env, ATTN_CASES: given?.test ?? '' }, timeout: 110_000 };
  if (given?.test === undefined) {
    writeFileSync(join(place, 'example.ts'), code + CLOSED);
    const run = promisify(execFile)(process.execPath, ['example.ts'], options);
    return given?.fails === undefined ? run : expect(run).rejects.toThrow(given.fails);
  }
  writeFileSync(join(place, 'example.test.ts'), code);
  writeFileSync(join(place, 'vitest.config.mjs'), 'export default {};');
  return promisify(execFile)(
    process.execPath,
    [join(home, 'node_modules/vitest/vitest.mjs'), 'run'],
    options,
  );
}

describe.each(packages)('%s', (name) => {
  const blocks = blocksOf(join(root, 'packages', name, 'README.md'));

  test('has an example', () => {
    expect(blocks[0]).toContain(`@attn/${name}`);
  });

  test.each(blocks.map((block, index) => [index + 1, block]))('example %i runs', async (index, block) => {
    await runBlock(`${name}-${index}`, block);
  });
});

const own = blocksOf(join(root, 'README.md'));
test.each(own.map((block, index) => [index + 1, block]))(
  "the project's own example %i runs",
  async (index, block) => {
    await runBlock(`root-${index}`, block);
  },
);
