// Each test plants a few files that import each other, and looks which circles are listed.
import { expect, test } from 'vitest';
import { importCircles } from './import-circles.mjs';
import { useTree } from './tree.testing.mjs';

const tree = useTree();
const plant = (sources) => {
  for (const [name, source] of Object.entries(sources)) tree.plant(`packages/core/src/${name}`, source);
};
const core = (...names) => names.map((name) => `packages/core/src/${name}`).join(' → ');

test.each([
  ['values', "import { b } from './b.ts';", "import { a } from './a.ts';"],
  ['types', "import type { B } from './b.ts';", "import { type A } from './a.ts';"],
  ['exports', "export { b } from './b.ts';", "export * from './a.ts';"],
  ['types of exports', "export type { B } from './b.ts';", "import './a.ts';"],
  ['an inline type', "export type A = import('./b.ts').B;", "import type { A } from './a.ts';"],
])('a circle by %s is listed once', (_, a, b) => {
  plant({ 'a.ts': a, 'b.ts': b });
  expect(importCircles(tree.root)).toEqual([core('a.ts', 'b.ts', 'a.ts')]);
});

test('a circle through other folders is listed, and every circle of a knot', () => {
  plant({
    'x/a.ts': "import '../y/b.ts';\nimport type {} from '../c.ts';",
    'y/b.ts': "import '../c.ts';",
    'c.ts': "import './x/a.ts';",
  });
  expect(importCircles(tree.root)).toEqual([
    core('c.ts', 'x/a.ts', 'c.ts'),
    core('y/b.ts', 'c.ts', 'x/a.ts', 'y/b.ts'),
  ]);
});

test('a file that imports itself is a circle', () => {
  plant({ 'a.ts': "import type { A } from './a.ts';" });
  expect(importCircles(tree.root)).toEqual([core('a.ts', 'a.ts')]);
});

test('what is imported at run time, what lies beyond a circle, and packages are none', () => {
  plant({
    'a.ts': "import './b.ts';\nimport './c.ts';",
    'b.ts': "import './c.ts';\nexport const load = () => import('./a.ts');",
    'c.ts': "import { x } from '@attn/core';",
  });
  expect(importCircles(tree.root)).toEqual([]);
});
