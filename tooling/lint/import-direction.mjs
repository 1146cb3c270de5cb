// Keeps imports pointing one way, so that a backend can be replaced, a model runs on any backend,
// and core runs anywhere:
//
//   core ← cpu | wasm | webgpu | onnx ← auto ← apps
//   core ← safetensors ← conformance, models, apps
//   core, safetensors ← torch ← models
//   core ← models ← apps
//   auto ← models, lazily: what a pipeline runs on when its caller names no backends
//   core ← tokenizers ← models
//   core ← conformance ← tests of backends, auto, models and tokenizers
//   backends ← tests of models
//   core, models ← ai-sdk, langchain: what other libraries call
//   core, models ← serve, corpus ← apps
//
// Circles inside a package are `import-circles.mjs`' part.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the sources and, beyond that, the tests of a package may import from @attn. */
const RULES = {
  core: { src: [], tests: [] },
  safetensors: { src: ['core'], tests: [] },
  torch: { src: ['core', 'safetensors'], tests: ['conformance'] },
  conformance: { src: ['core', 'safetensors'], tests: [] },
  tokenizers: { src: ['core'], tests: ['conformance'] },
  // A model is tested on the backends, but never knows one.
  models: {
    src: ['core', 'safetensors', 'tokenizers', 'torch'],
    tests: ['conformance', 'cpu', 'wasm', 'onnx', 'webgpu'],
    lazy: ['auto'],
  },
  'ai-sdk': { src: ['core', 'models'], tests: ['conformance', 'cpu'] },
  langchain: { src: ['core', 'models'], tests: ['conformance', 'cpu'] },
  serve: { src: ['core', 'models'], tests: ['conformance', 'cpu'] },
  corpus: { src: ['core', 'models'], tests: ['conformance', 'cpu'] },
};
/** Any other package is a backend; adding one needs no line here. */
const BACKEND = { src: ['core'], tests: ['conformance', 'safetensors'] };

const IMPORT =
  /^[ \t]*(?:import\s*|(?:import|export)\b[\w\s{},*$]*\bfrom\s*)['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]/gm;

/** The import specifiers of a source text, each with its line, and whether it is loaded from the start. */
function importsOf(source) {
  return [...source.matchAll(IMPORT)].flatMap((match) => {
    const start = source.lastIndexOf('\n', match.index) + 1;
    if (/^\s*(\/\/|\*|\/\*)/.test(source.slice(start, source.indexOf('\n', match.index)))) return [];
    const eager = match[1] !== undefined && !/^\s*(import|export)\s+type\b/.test(match[0]);
    return [
      { specifier: match[1] ?? match[2], line: source.slice(0, match.index).split('\n').length, eager },
    ];
  });
}

/** Why a package (`owner`: 'core', 'cpu', 'apps/cli', …) may not import a specifier; undefined if it may. */
function violation(owner, file, { specifier, eager }, root) {
  const isTest = /\.test(ing)?\.ts$/.test(file);
  if (specifier.startsWith('.')) {
    const home = owner.startsWith('apps/') ? owner : `packages/${owner}`;
    const target = relative(join(root, home), resolve(root, dirname(file), specifier));
    return target.startsWith('..') ? `${owner} imports by path what lies outside of it` : undefined;
  }
  const target = /^@attn\/([^/]+)/.exec(specifier)?.[1];
  if (target === undefined) {
    return owner === 'core' && !isTest ? 'core imports nothing: it runs anywhere JavaScript runs' : undefined;
  }
  if (target === owner || target.startsWith('tooling-')) return undefined;
  if (owner.startsWith('apps/')) {
    return existsSync(join(root, 'apps', target)) ? 'an app does not import another app' : undefined;
  }
  const isBackend = !(target in RULES) && target !== 'auto' && !existsSync(join(root, 'apps', target));
  if (owner === 'auto') {
    if (isBackend)
      return eager && !isTest ? 'auto loads a backend lazily, with import() or import type' : undefined;
    return target === 'core' || (isTest && target === 'conformance')
      ? undefined
      : `auto may not import ${target}`;
  }
  const rule = RULES[owner] ?? BACKEND;
  if ([...rule.src, ...(isTest ? rule.tests : [])].includes(target)) return undefined;
  if (rule.lazy?.includes(target))
    return eager && !isTest ? `${owner} loads ${target} lazily, with import() or import type` : undefined;
  return `${owner} may not import ${target}${rule.tests.includes(target) ? ' but in tests' : ''}`;
}

/** All violations under `root`, one line each: `file:line: 'specifier': why`. */
export function importViolations(root) {
  const files = ['packages', 'apps'].flatMap((folder) =>
    globSync(`${folder}/*/src/**/*.{ts,tsx,mts,mjs}`, { cwd: root }),
  );
  return files.toSorted().flatMap((file) => {
    const [folder, name] = file.split('/');
    const owner = folder === 'apps' ? `apps/${name}` : name;
    return importsOf(readFileSync(join(root, file), 'utf8')).flatMap((imported) => {
      const why = violation(owner, file, imported, root);
      return why === undefined ? [] : [`${file}:${imported.line}: '${imported.specifier}': ${why}`];
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = importViolations(join(import.meta.dirname, '../..'));
  for (const line of violations) console.error(line);
  const count = violations.length;
  console.log(count === 0 ? 'Imports point the right way.' : `${count} imports point the wrong way.`);
  process.exitCode = count === 0 ? 0 : 1;
}
