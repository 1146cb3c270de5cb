/**
 * Scaffolds one of each into a copy of the packages and type-checks the whole: templates that no longer fit
 * the code fail here, and not on the first person who uses them.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { backend } from './backend.ts';
import { copyRepository, linkBackend, named, repository } from './copy.testing.ts';
import { parseName } from './name.ts';
import { op } from './op.ts';
import { pattern } from './pattern.ts';
import { pointwise } from './pointwise.ts';
import { apply, ScaffoldError } from './scaffold.ts';
import { whyTaken } from './taken.ts';

const copy = copyRepository();
afterAll(() => rmSync(copy, { recursive: true }));

/** What the compiler says of these projects; empty if it is content. */
function compile(...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync('tsc', args, { cwd: copy, encoding: 'utf8' });
  return stdout + stderr;
}

test('a pattern, ops of both kinds and a backend fit the code as it is', { timeout: 120_000 }, () => {
  apply(copy, pattern(named('block-diagonal')));
  apply(copy, op(named('soft-sign')));
  apply(copy, pointwise(named('soft-plus')));
  apply(copy, backend(named('abacus'), copy));
  linkBackend(copy, 'abacus');

  expect(compile('-b')).toBe('');
  for (const name of ['core', 'conformance', 'abacus', 'cpu', 'wasm', 'webgpu', 'onnx'])
    expect(compile('-p', `packages/${name}/tsconfig.test.json`)).toBe('');
});

test(
  'a pointwise op that a backend has no kernel or no cost for does not compile',
  { timeout: 120_000 },
  () => {
    const { changes } = pointwise(named('hard-swish'));
    const table = 'packages/core/src/ops/pointwise/table.ts';
    apply(copy, { files: {}, next: [], changes: changes.filter(({ file }) => file === table) });
    const complaints = compile('-b');
    for (const { file } of changes) if (file !== table) expect(complaints).toContain(file);
  },
);

test('what exists is not overwritten, and then nothing else is written either', () => {
  const list = join(copy, 'packages/core/src/patterns/index.ts');
  const before = readFileSync(list, 'utf8');
  expect(() => apply(copy, pattern(named('causal')))).toThrow(ScaffoldError);
  expect(readFileSync(list, 'utf8')).toBe(before);
});

test('a place that cannot be found is named, with the line that belongs there', () => {
  const scaffold = pattern(named('other'));
  const broken = scaffold.changes.map(({ file, change }) => ({ file, change: () => change('') }));
  expect(() => apply(copy, { ...scaffold, changes: broken })).toThrow(
    /patterns\/index\.ts, to add: export \{ other \}/,
  );
  expect(readFileSync(join(copy, 'packages/core/src/patterns/index.ts'), 'utf8')).not.toContain('other');
});

test.each([
  ['pattern', 'class'],
  ['pattern', 'await'],
  ['pattern', 'causal'],
  ['pattern', 'and'],
  ['pattern', 'where'],
  ['pattern', 'window'],
  ['op', 'matmul'],
  ['op', 'layer-norm'],
  ['op', 'silu'],
  ['op', 'node'],
  ['pointwise', 'silu'],
  ['pointwise', 'max'],
  ['pointwise', 'linear'],
  ['pointwise', 'constant'],
  ['backend', 'core'],
  ['backend', 'cli'],
  ['backend', 'bench'],
  ['backend', 'root'],
  ['backend', 'tooling'],
  ['backend', 'safetensors'],
  ['backend', 'create-attn'],
  ['backend', 'wasm'],
])('%s %s is refused', (kind, text) => {
  expect(whyTaken(kind, named(text), repository)).toBeDefined();
});

test.each([
  ['pattern', 'checkerboard'],
  ['op', 'soft-sign'],
  ['pointwise', 'soft-plus'],
  ['backend', 'web-nn'],
])('%s %s is free', (kind, text) => {
  expect(whyTaken(kind, named(text), repository)).toBeUndefined();
});

test('the command: help, and what it refuses before it writes anything', () => {
  const run = (...args: readonly string[]) => {
    const main = join(import.meta.dirname, 'main.ts');
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  expect(run('--help')).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('usage:') });
  for (const args of [[], ['pattern'], ['pattern', 'class'], ['pattern', 'a', 'b'], ['dance', 'a']])
    expect(run(...args)).toMatchObject({ status: 2, stdout: '' });
});

test('names are written in every way, or refused', () => {
  expect(parseName('blockDiagonal')).toEqual(parseName('block-diagonal'));
  expect(named('block-diagonal')).toEqual({
    kebab: 'block-diagonal',
    camel: 'blockDiagonal',
    pascal: 'BlockDiagonal',
    words: 'Block diagonal',
  });
  for (const text of ['', '2d', 'a--b', 'a/b', '../a', 'a b']) expect(parseName(text)).toBeUndefined();
});
