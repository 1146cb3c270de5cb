// Every TypeScript program on a page compiles, also those that cannot run in a test.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ELSEWHERE } from './exceptions.mjs';
import { PAGES, programsOf, root } from './pages.mjs';
import { assumptionOf, sourceOf } from './run-program.mjs';

test('programs of all pages compile', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'attn-blocks-'));
  symlinkSync(join(root, 'tooling/packages/node_modules'), join(folder, 'node_modules'));
  const isElsewhere = ({ page, code }) =>
    ELSEWHERE.some((entry) => entry.page === page && code.includes(entry.has));
  for (const program of PAGES.flatMap(programsOf)) {
    if (program.blocks[0].language !== 'ts' || isElsewhere(program)) continue;
    const place = join(folder, program.name.replaceAll(/\W+/g, '-'));
    mkdirSync(place);
    for (const [file, text] of Object.entries(assumptionOf(program)?.beside ?? {}))
      writeFileSync(join(place, file), text);
    writeFileSync(join(place, 'example.ts'), `${sourceOf(program)}\nexport {};\n`);
  }
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024', 'dom', 'dom.iterable'],
    module: 'esnext',
    moduleResolution: 'bundler',
    allowImportingTsExtensions: true,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(root, 'packages/core/node_modules/@types')],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*/*.ts'] }));
  const tsc = join(root, 'tooling/packages/node_modules/typescript-7/bin/tsc');
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder], {
    encoding: 'utf8',
    cwd: folder,
  });
  rmSync(folder, { recursive: true });
  expect(`${stdout}${stderr}`).toBe('');
});
