// The `@example` blocks of docstrings, as a hover shows them.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCSTRING = /\/\*\*((?:(?!\*\/)[^])*)\*\/[ \t]*\n[ \t]*(.*)/g;

/** What a docstring stands above: `export function f(…`, `async method(…`, … */
const DECLARED =
  /^(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:override\s+)?(?:(?:function\*?|class|const|interface|type)\s+)?(\w+)/;

/**
 * The docstrings of the sources in a folder, without tests.
 * @returns for each `file`, `name` (what it documents), `isExported`, `text`, and `example`, if it has one
 */
export function docstringsIn(folder) {
  return globSync('**/*.ts', { cwd: folder })
    .filter((file) => !/\.test(ing)?\.ts$/.test(file))
    .toSorted()
    .flatMap((file) =>
      docstringsOf(readFileSync(join(folder, file), 'utf8')).map((doc) => ({ file, ...doc })),
    );
}

/** The docstrings of a source text. */
export function docstringsOf(source) {
  return [...source.matchAll(DOCSTRING)].map(([, body, declaration]) => {
    const text = body.replaceAll(/^[ \t]*\* ?/gm, '').trim();
    const [, example] = /@example\n([^]*?)(?=\n@\w|$)/.exec(text) ?? [];
    const name = DECLARED.exec(declaration)?.[1];
    return { name, isExported: declaration.startsWith('export'), text, example };
  });
}
