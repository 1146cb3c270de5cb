// The files that a browser would load for some imports: bundled and
// minified by Vite, as an application would be, workers included.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = join(import.meta.dirname, '..');
const entry = join(root, 'entry.js'); // never written: the plugin below answers for it

/**
 * @param source text of a module
 * @param external says whether an import is left out of the bundle
 * @returns the files: `name`, `gzip` in bytes, `modules`, the ids of the modules in a chunk, and `isFirst`:
 * whether a page loads it at once, not by a later `import()`
 */
export async function bundle(source, external = () => false) {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root,
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? source : undefined),
      },
    ],
    build: {
      write: false,
      target: 'es2023',
      minify: true,
      modulePreload: false,
      rolldownOptions: { input: entry, external, preserveEntrySignatures: 'strict' },
    },
    worker: { format: 'es' },
  });
  return [result].flat().flatMap(({ output }) => {
    const first = firstFiles(output);
    return output.map((file) => ({
      name: file.fileName,
      isFirst: first.has(file.fileName),
      gzip: gzipSync(file.type === 'chunk' ? file.code : file.source).length,
      modules:
        file.type === 'chunk'
          ? Object.keys(file.modules).filter((id) => file.modules[id].renderedLength > 0)
          : [],
    }));
  });
}

/** Names of the chunks that the entry imports, and of those that they import. */
function firstFiles(output) {
  const chunks = new Map(output.filter(({ type }) => type === 'chunk').map((file) => [file.fileName, file]));
  const first = new Set();
  const visit = (name) => {
    if (first.has(name) || !chunks.has(name)) return;
    first.add(name);
    chunks.get(name).imports.forEach(visit);
  };
  for (const { fileName, isEntry } of chunks.values()) if (isEntry) visit(fileName);
  return first;
}
