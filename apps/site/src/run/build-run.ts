/** Builds what a program needs in a page: the frame, and the packages that it may import. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { RUN_PACKAGES } from './packages.ts';

const here = import.meta.dirname;
const entry = (name: string): string => join(here, '../../node_modules/@attn', name, 'dist/index.js');

/** Writes the files into `folder`; they work at any address. */
export async function buildRun(folder: string): Promise<void> {
  await build({
    configFile: false,
    root: here,
    base: './',
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2023',
      modulePreload: false,
      rolldownOptions: {
        input: {
          frame: join(here, 'frame.ts'),
          ...Object.fromEntries(RUN_PACKAGES.map((name) => [name, entry(name)])),
        },
        preserveEntrySignatures: 'strict',
        // Large, and no program of the docs needs them.
        external: ['@attn/onnx', '@attn/webgpu'],
        output: { entryFileNames: '[name].js', chunkFileNames: 'parts/[name]-[hash].js' },
      },
    },
  });
  const imports = Object.fromEntries(RUN_PACKAGES.map((name) => [`@attn/${name}`, `./${name}.js`]));
  const html = readFileSync(join(here, 'frame.html'), 'utf8').replace('{}', JSON.stringify({ imports }));
  writeFileSync(join(folder, 'frame.html'), html);
}
