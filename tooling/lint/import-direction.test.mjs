// The rules are worth something only if they catch what they forbid: each test plants a small tree and looks.
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importViolations } from './import-direction.mjs';
import { useTree } from './tree.testing.mjs';

const repository = join(import.meta.dirname, '../..');
const tree = useTree();

describe('import direction', () => {
  test.each([
    ['packages/core/src/a.ts', "import { readFile } from 'node:fs/promises';", 'core imports nothing'],
    ['packages/core/src/a.ts', "export * from '@attn/cpu';", 'core may not import cpu'],
    ['packages/cpu/src/a.ts', "import { wasm } from '@attn/wasm';", 'cpu may not import wasm'],
    ['packages/cpu/src/a.ts', "import type { Wasm } from '@attn/wasm';", 'cpu may not import wasm'],
    ['packages/cpu/src/a.ts', "const { wasm } = await import('@attn/wasm');", 'cpu may not import wasm'],
    ['packages/cpu/src/a.ts', "import {\n  a,\n  b,\n} from '@attn/conformance';", 'but in tests'],
    ['packages/cpu/src/a.ts', "import { a } from '../../core/src/index.ts';", 'outside of it'],
    ['packages/models/src/a.ts', "import { cpu } from '@attn/cpu';", 'models may not import cpu'],
    [
      'packages/safetensors/src/a.ts',
      "import '@attn/conformance';",
      'safetensors may not import conformance',
    ],
    ['packages/auto/src/a.ts', "import { cpu } from '@attn/cpu';", 'lazily'],
    ['packages/auto/src/a.ts', "import { x } from '@attn/models';", 'auto may not import models'],
    [
      'packages/ai-sdk/src/a.ts',
      "import { cpu } from '@attn/cpu';",
      'ai-sdk may not import cpu but in tests',
    ],
    ['packages/models/src/a.ts', "import { x } from '@attn/langchain';", 'models may not import langchain'],
  ])('%s: %s is refused', (file, source, why) => {
    tree.plant(file, source);
    expect(importViolations(tree.root)).toEqual([expect.stringContaining(why)]);
  });

  test.each([
    ['packages/core/src/a.test.ts', "import { test } from 'vitest';"],
    ['packages/core/src/a.ts', "/**\n * import { createAttn } from '@attn/auto';\n */\nexport const a = 1;"],
    ['packages/core/src/a.ts', "export type Layout = 'bhnd' | 'bnhd';\nexport class A { name = 'from'; }"],
    ['packages/cpu/src/a.ts', "import { plan } from '@attn/core';\nimport { b } from './b.ts';"],
    ['packages/cpu/src/a.test.ts', "import { runSuite } from '@attn/conformance/vitest';"],
    [
      'packages/onnx/src/node/a.ts',
      "import { plan } from '@attn/core';\nimport ort from 'onnxruntime-node';",
    ],
    ['packages/auto/src/a.ts', "import type { A } from '@attn/cpu';\nconst b = await import('@attn/cpu');"],
    ['apps/cli/src/a.ts', "import { cpu } from '@attn/cpu';\nimport { readFile } from 'node:fs/promises';"],
  ])('%s: %s is accepted', (file, source) => {
    tree.plant(file, source);
    expect(importViolations(tree.root)).toEqual([]);
  });
});

test("the linter's rules catch a circular import between .ts files", () => {
  copyFileSync(join(repository, '.oxlintrc.json'), join(tree.root, '.oxlintrc.json'));
  tree.plant('packages/core/src/a.ts', "import { b } from './b.ts';\nexport const a = (): number => b();\n");
  tree.plant('packages/core/src/b.ts', "import { a } from './a.ts';\nexport const b = (): number => a();\n");
  const { status, stdout } = spawnSync('oxlint', ['.'], { cwd: tree.root, encoding: 'utf8' });
  expect(stdout).toContain('import(no-cycle)');
  expect(status).toBe(1);
});
