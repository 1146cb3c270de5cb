// Every function that users of core call shows an example in its docstring. All examples of core compile, and
// those that need nothing but this process run.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import * as core from '@attn/core';
import * as backend from '@attn/core/backend';
import { docstringsIn, docstringsOf } from './extract.mjs';

const home = join(import.meta.dirname, '..');
const docstrings = docstringsIn(join(home, '../../packages/core/src'));
const examples = docstrings.filter(({ example }) => example !== undefined);

/** Names that examples take for granted: the first entry that fits an example counts. */
const PRELUDES = [
  {
    when: /\bstep\b/,
    code: `
import { cpu } from '@attn/cpu';
const attn = await createAttn({ backends: [cpu()] });
const builder = new GraphBuilder();
const cache = builder.state('cache', { dtype: 'f32', shape: [16, 4] });
const row = builder.input('token', { dtype: 'f32', shape: [1, 4] });
const place = builder.input('position', { dtype: 'i32', shape: [1] });
const step = builder.build({ logits: builder.relu(builder.writeRows(cache, row, place)) });
const [token, position] = [zeros('f32', [1, 4]), i32([1], [0])];
`,
  },
  {
    when: /executable\.run\(/,
    code: `
import { cpu } from '@attn/cpu';
const backend = cpu();
const builder = new GraphBuilder();
const cache = builder.state('keys', { dtype: 'f32', shape: [1, 8, 512, 64] });
const row = builder.input('key', { dtype: 'f32', shape: [1, 8, 1, 64] });
const place = builder.input('position', { dtype: 'i32', shape: [1] });
const executable = await backend.compile(builder.build({ keys: builder.writeRows(cache, row, place, 2) }));
const [key, position] = [zeros('f32', [1, 8, 1, 64]), i32([1], [0])];
`,
  },
  {
    when: /builder\.writeRows\(/,
    code: `
const builder = new GraphBuilder();
const key = builder.input('key', { dtype: 'f32', shape: [1, 8, 1, 64] });
const position = builder.input('position', { dtype: 'i32', shape: [1] });
`,
  },
  { when: /abacus\(/, code: "import { cpu as abacus } from '@attn/cpu';\n" },
  { when: /\bscore\(/, code: "const [q, k, v] = [1, 2, 3].map(() => zeros('f32', [1, 2, 256, 8]));\n" },
  {
    when: /createAttn\(/,
    code: `
import { cpu } from '@attn/cpu';
import { wasm } from '@attn/wasm';
const [q, k, v] = [1, 2, 3].map(() => zeros('f32', [1, 2, 256, 8]));
`,
  },
  {
    when: /\battn\./,
    code: `
import { cpu } from '@attn/cpu';
const attn = await createAttn({ backends: [cpu()] });
const builder = new GraphBuilder();
const x = zeros('f32', [2, 3]);
const graph = builder.build({ y: builder.relu(builder.input('x', x)) });
const inputs = { x };
const [q, k, v] = [1, 2, 3].map(() => zeros('f32', [1, 2, 256, 8]));
const E = zeros('f32', [16, 256]);
`,
  },
  {
    when: /\bbuilder\b/,
    code: `
const builder = new GraphBuilder();
const x = builder.input('x', { dtype: 'f32', shape: [2, 3] });
const weight = builder.input('weight', { dtype: 'f32', shape: [4, 3] });
const [q, k, v] = ['q', 'k', 'v'].map((name) => builder.input(name, { dtype: 'f32', shape: [1, 2, 256, 8] }));
const rotations = builder.constant(zeros('f32', [8, 1, 32]));
const [cos, sin] = ['cos', 'sin'].map((name) => builder.constant(zeros('f32', [256, 4]), name));
`,
  },
  { when: /compileGraph\(/, code: 'const kernels: KernelTable = {};\n' },
  {
    when: /PoolOptions/,
    code: `
interface PoolOptions { readonly threads?: number; readonly poison?: boolean }
const options: PoolOptions = { threads: 2 };
`,
  },
  {
    when: /compute\(/,
    code: 'declare function compute(inputs: Tensors, signal?: AbortSignal): Promise<Tensors>;\n',
  },
  {
    when: /withCallbacks\(/,
    isBody: true,
    code: `
type Options = { readonly onProgress?: (progress: Progress) => void; readonly signal?: AbortSignal };
declare function run(inputs: Tensors, options: Options): Promise<Tensors>;
const { inputs, onProgress, signal }: Options & { inputs: Tensors } = { inputs: {} };
`,
  },
];

/** Types of the doors that examples and preludes use; what is there at run time is found by its name. */
const TYPES = {
  '@attn/core': ['Progress', 'Tensor', 'Tensors', 'TensorSpec', 'Value'],
  '@attn/core/backend': ['Executable', 'KernelTable', 'OptionKinds'],
};

/**
 * The program of an example: imports of what it names, its prelude, and the example in a scope of its own.
 */
function programOf(example) {
  const prelude = PRELUDES.find(({ when }) => when.test(example));
  const code = `${prelude?.code ?? ''}${example}`;
  const names = (all) => all.filter((name) => new RegExp(`\\b${name}\\b`).test(code)).join(', ');
  const imports = [
    `import { ${names(Object.keys(core))} } from '@attn/core';`,
    `import { ${names(Object.keys(backend))} } from '@attn/core/backend';`,
    ...Object.entries(TYPES).map(([door, types]) => `import type { ${names(types)} } from '${door}';`),
  ];
  const body = prelude?.isBody ? `export async function example() {\n${example}\n}` : `{\n${example}\n}`;
  return `${imports.join('\n')}\n${prelude?.code ?? ''}${body}\nexport {};\n`;
}

const folder = mkdtempSync(join(tmpdir(), 'attn-examples-'));
symlinkSync(join(home, 'node_modules'), join(folder, 'node_modules'));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
afterAll(() => rmSync(folder, { recursive: true }));
const programs = examples.map(({ file, name, example }, index) => {
  const program = `${index}-${name}.ts`;
  writeFileSync(join(folder, program), programOf(example));
  return { title: `${name} (${file})`, program, runs: !/^declare/m.test(programOf(example)) };
});

test('every function of the user door has an example', () => {
  const documented = new Set(examples.filter(({ isExported }) => isExported).map(({ name }) => name));
  const functions = Object.entries(core).filter(([, value]) => typeof value === 'function');
  const missing = functions.map(([name]) => name).filter((name) => !documented.has(name));
  expect(missing).toEqual([]);
});

test('every method of GraphBuilder has an example', () => {
  const documented = new Set(
    examples
      .filter(({ file, isExported }) => /^graph\/(?:op-)?builder\.ts$/.test(file) && !isExported)
      .map(({ name }) => name),
  );
  const internal = ['constructor', 'single', 'addValue', 'own', 'isOwn', 'name'];
  const own = core.GraphBuilder.prototype;
  const methods = [own, Object.getPrototypeOf(own)].flatMap((each) => Object.getOwnPropertyNames(each));
  const missing = methods.filter((name) => !internal.includes(name) && !documented.has(name));
  expect(missing).toEqual([]);
});

test('all examples compile', { timeout: 60_000 }, () => {
  const compilerOptions = {
    target: 'esnext',
    module: 'nodenext',
    lib: ['esnext', 'dom'],
    types: [],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const tsc = join(home, 'node_modules/typescript-7/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  expect(stdout.split('\n').filter(Boolean)).toEqual([]);
});

describe('runs', () => {
  // One process for all: it says which failed.
  const runner = `
const failures = {};
for (const program of process.argv.slice(2)) await import('./' + program).catch((error) => (failures[program] = String(error)));
process.stderr.write(JSON.stringify(failures));
`;
  writeFileSync(join(folder, 'run.mjs'), runner);
  const runnable = programs.filter(({ runs }) => runs);
  const { stderr } = spawnSync(
    process.execPath,
    ['--no-warnings', 'run.mjs', ...runnable.map(({ program }) => program)],
    { cwd: folder, encoding: 'utf8' },
  );
  const failures = JSON.parse(stderr);

  test.each(runnable)('$title', ({ program }) => {
    expect(failures[program]).toBeUndefined();
  });
});

test('an example ends where its docstring does, or at the next tag', () => {
  const source = `/**\n * Adds.\n *\n * @example\n * add(1, 2);\n *\n * add(3, 4);\n * @returns a sum\n */\nexport async function add() {}\n`;
  expect(docstringsOf(source)).toEqual([
    {
      name: 'add',
      isExported: true,
      text: expect.stringContaining('Adds.'),
      example: 'add(1, 2);\n\nadd(3, 4);',
    },
  ]);
  expect(docstringsOf('/** Adds. */\n  add(): void {}\n')).toMatchObject([
    { name: 'add', isExported: false, example: undefined },
  ]);
});
