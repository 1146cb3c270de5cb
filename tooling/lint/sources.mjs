// Finds and parses the sources that the lint rules read: the TypeScript and the modules of the workspace.
import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parseSync } from 'rolldown/utils';

/** Folders that hold what others wrote, or what a build wrote. */
const SKIPPED = new Set(['node_modules', 'dist', 'reports']);

/** The sources under `root`, sorted, with forward slashes: `packages/core/src/index.ts`, … */
export function sourceFiles(root) {
  return globSync('{packages,apps,tooling}/**/*.{ts,tsx,mts,mjs}', {
    cwd: root,
    exclude: (path) => SKIPPED.has(path.split(/[\\/]/).at(-1)),
  })
    .map((file) => file.split(sep).join('/'))
    .toSorted();
}

/** The text, the syntax tree and the imports of a source. Errors: a syntax error, with the file. */
export function parseSource(root, file) {
  const text = readFileSync(join(root, file), 'utf8');
  const { program, module, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  return { text, program, module };
}

/** The line of an offset in a text, from 1. */
export function lineAt(text, offset) {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
