/**
 * Which names a scaffold cannot have: the language's own, and those that something in the repository has
 * already.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Name } from './name.ts';

/** Words that cannot name a function, or that read as something else where a name is imported. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const constructor continue debugger default delete do else enum eval ' +
    'export extends false finally for function if implements import in instanceof interface let new null package ' +
    'private protected prototype public return static super switch this throw true try typeof undefined var void ' +
    'while with yield abstract any as async boolean number string symbol object type unknown never test index'
  ).split(' '),
);

/**
 * Folders and packages that are not in `packages/` under their name, and what `--backend` means by itself.
 */
const NOT_BACKENDS: ReadonlySet<string> = new Set(['root', 'tooling', 'models', 'auto']);

/** Files in which the names of ops and the methods of the builder are declared or imported. */
const OP_SCOPES: readonly string[] = [
  ...['index.ts', 'references.ts', 'attributes.ts'].map((file) => `packages/core/src/ops/${file}`),
  ...['table.ts', 'functions.ts'].map((file) => `packages/core/src/ops/pointwise/${file}`),
  ...['builder.ts', 'op-builder.ts'].map((file) => `packages/core/src/graph/${file}`),
  'packages/cpu/src/ops/index.ts',
  'packages/wasm/src/kernels/unary.ts',
];

/** Files in which a name of each kind is declared or imported. */
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  pattern: ['json.ts', 'examples.testing.ts', 'index.ts', 'pattern.ts'].map(
    (file) => `packages/core/src/patterns/${file}`,
  ),
  op: OP_SCOPES,
  pointwise: OP_SCOPES,
  backend: ['packages/core/src/index.ts', 'packages/core/src/backend.ts', 'packages/auto/src/index.ts'],
};

/** Why this name cannot be had; undefined when it can. */
export function whyTaken(kind: string, { camel, kebab, pascal }: Name, root: string): string | undefined {
  if (RESERVED.has(camel) || RESERVED.has(kebab)) return `${camel} is a word of the language or of its tools`;
  if (kind === 'backend') {
    if (NOT_BACKENDS.has(kebab)) return `${kebab} means something else here`;
    const folder = ['packages', 'apps', 'tooling'].find((parent) => existsSync(join(root, parent, kebab)));
    if (folder !== undefined) return `there is ${folder}/${kebab} already`;
  }
  const ops = 'packages/core/src/ops';
  const folders = { pattern: 'packages/core/src/patterns', op: ops, pointwise: ops, backend: 'packages' };
  const own = Object.entries(folders).find(([name]) => name === kind)?.[1];
  const same =
    own === undefined ? undefined : readdirSync(join(root, own)).find((file) => stem(file) === kebab);
  if (same !== undefined) return `there is ${own}/${same} already`;
  const declared = new RegExp(
    `\\b(?:const|let|function|class|interface|type)\\s+(?:${camel}|${pascal})\\b|` +
      `^(?:import|export) (?:type )?\\{[^}]*\\b(?:type )?(?:${camel}|${pascal})\\b[^}]*\\}|` +
      `^ {2}(?:private )?(?:override )?${camel}(?:: |[(<])`,
    'm',
  );
  const clash = SCOPES[kind]?.find((file) => declared.test(readFileSync(join(root, file), 'utf8')));
  return clash === undefined ? undefined : `${clash} has a ${camel} already`;
}

/** `causal.ts` and the folder `linear` are of that name. */
function stem(file: string): string {
  return file.replace(/\.ts$/, '');
}
