// No file imports itself by way of others, not even for a type: what two files need of each other goes into a
// third, below both. The linter's `import/no-cycle` ignores `import type`, so this check follows every import
// except `import()` at run time.
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Visitor } from 'rolldown/utils';
import { parseSource, sourceFiles } from './sources.mjs';

/** The files that a source imports by path: values, types, re-exports, types like `import('./a.ts').A`. */
function importsOf(root, file) {
  const { program, module } = parseSource(root, file);
  const specifiers = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
  ];
  new Visitor({ TSImportType: ({ source }) => specifiers.push(source.value) }).visit(program);
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(dirname(file), specifier));
}

/** The shortest way from a file back to itself, a list that begins and ends with it; undefined: none. */
function circleThrough(start, imports) {
  const cameFrom = new Map();
  const queue = [start];
  for (const file of queue) {
    for (const target of imports.get(file) ?? []) {
      if (target === start) {
        const way = [file, start];
        while (way[0] !== start) way.unshift(cameFrom.get(way[0]));
        return way;
      }
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, file);
      queue.push(target);
    }
  }
  return undefined;
}

/** The circles under `root`, one line each, and each circle once: `a.ts → b.ts → a.ts`. */
export function importCircles(root) {
  const files = sourceFiles(root);
  const imports = new Map(files.map((file) => [file, importsOf(root, file)]));
  const circles = new Map();
  for (const file of files) {
    const circle = circleThrough(file, imports);
    if (circle === undefined) continue;
    const members = circle.slice(1).toSorted().join();
    if (!circles.has(members)) circles.set(members, circle.join(' → '));
  }
  return [...circles.values()];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const circles = importCircles(join(import.meta.dirname, '../..'));
  for (const circle of circles) console.error(circle);
  console.log(circles.length === 0 ? 'No file imports itself.' : `${circles.length} circles of imports.`);
  process.exitCode = circles.length === 0 ? 0 : 1;
}
