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
 * @returns the files: `name`, `gzip` in bytes, and `modules`, the ids of the modules in a chunk
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
  return [result].flat().flatMap(({ output }) =>
    output.map((file) => ({
      name: file.fileName,
      gzip: gzipSync(file.type === 'chunk' ? file.code : file.source).length,
      modules:
        file.type === 'chunk'
          ? Object.keys(file.modules).filter((id) => file.modules[id].renderedLength > 0)
          : [],
    })),
  );
}
