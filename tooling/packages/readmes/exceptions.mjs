// What code on a page takes for granted, and the few blocks that cannot run in a test. An entry that fits
// no block is an error.

/** Programs that are compiled but not run. */
export const NOT_RUN = [
  {
    page: 'docs/getting-started.md',
    has: 'document.body.append',
    because: 'a page made by a bundler: `npm run installs` has those',
  },
  { page: 'docs/getting-started.md', has: 'self.onmessage', because: 'a worker made by a bundler' },
  { page: 'docs/getting-started.md', has: 'new Worker(', because: 'a page made by a bundler' },
  { page: 'docs/getting-started.md', has: 'preview: { headers }', because: 'a setting of Vite' },
  { page: 'docs/hosts.md', has: 'optimizeDeps', because: 'a setting of Vite' },
];

/** Programs that another test compiles and runs. */
export const ELSEWHERE = [
  {
    page: 'docs/internals/write-a-backend.md',
    has: "'@attn/core",
    because: 'tooling/new follows the page to the letter',
  },
];

/** Lines of `sh` blocks that are not run, by how they begin. */
export const COMMANDS_NOT_RUN = [
  { begins: 'npm install', because: 'installs packages' },
  { begins: 'npm run (?!-s attn|attn)', because: 'a script of the repository; most take minutes' },
  { begins: 'npm (i|test|ci)\\b', because: 'a script of the repository, or an installation' },
  { begins: 'npm run -s attn .*\\| jq', because: 'needs jq' },
  {
    begins: 'ATTN_CASES=|ATTN_SUITE=|ATTN_PATIENCE=|.*ATTN_SEED=',
    because: 'the suite, in a package of the reader',
  },
  { begins: 'apt |VK_DRIVER_FILES=', because: 'needs a system to install into' },
  { begins: 'esbuild |cp node_modules', because: 'needs a bundler: `npm run installs` has it' },
  { begins: 'attn serve|curl ', because: 'serves until it is interrupted: its own tests do that' },
  { begins: 'attn make-checkpoint', because: 'writes 595 MB' },
];

/**
 * What a program takes for granted: code before it, a text in its place, files beside it, or a way to run
 * as a test.
 */
export const ASSUMPTIONS = [
  // Formulas by themselves.
  {
    page: 'docs/patterns.md',
    has: 'where(({ q, k }) => k.le(q)',
    before: "import { where } from '@attn/core';\n",
  },
  {
    page: 'packages/webgpu/README.md',
    has: 'webgpu({ device })',
    before: `import { create } from 'webgpu';
import { f32 } from '@attn/core';
const gpu = create([]); // Dawn ends with it
Object.assign(globalThis, { gpu });
const device = await (await gpu.requestAdapter())!.requestDevice();
const shape = [1, 1, 4, 8];
const buffer = device.createBuffer({ size: 128, usage: 0x80 | 0x04 | 0x08 }); // storage, from and to which is copied
const [q, k, v] = [1, 2, 3].map((seed) => f32(shape, Float32Array.from({ length: 32 }, (_, i) => Math.sin(i * seed))));
const renderFrom = (buffer: { size: number }) => console.log(buffer.size);
`,
  },
  // A GPU of tests is made of software.
  { page: 'packages/webgpu/README.md', has: 'backends: [webgpu()]', replace: [/4096/g, '512'] },
  // The suite on a backend of the reader: a test file, of which a few cases will do.
  {
    page: 'packages/conformance/README.md',
    has: 'describeConformance',
    before: "import { cpu as myBackend } from '@attn/cpu';\n",
    replace: [/^import \{ myBackend \}.*$/m, ''],
    test: 'attn:relu:* contract:disposed',
  },
  {
    page: 'packages/conformance/README.md',
    has: 'describeFunctions(',
    beside: { 'index.ts': "export { cpu as myBackend } from '@attn/cpu';\n" },
    test: '*',
  },
  {
    page: 'packages/conformance/README.md',
    has: 'attentionCases(',
    before: `import { cpu } from '@attn/cpu';
import { slidingWindow } from '@attn/core';
const backend = cpu();
`,
  },
];
