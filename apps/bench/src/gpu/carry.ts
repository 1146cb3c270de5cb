/**
 * `npm run bench -- --carry FOLDER`: writes the webgpu suite to a folder (one script, and the
 * package `webgpu` beside it) that can be carried to a machine with a GPU, Node and a Vulkan loader.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Writes the folder. `platform` names a folder of the package's `dist`, such as `linux-x64`. */
export async function carry(
  folder: string,
  platform: string = `${process.platform}-${process.arch}`,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: fileURLToPath(new URL('./main.js', import.meta.url)),
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      target: 'node20',
      rollupOptions: { external: ['webgpu'], output: { entryFileNames: 'bench.mjs' } },
    },
    ssr: { noExternal: true },
  });
  const packageFolder = dirname(createRequire(import.meta.url).resolve('webgpu'));
  const copy = join(folder, 'node_modules/webgpu');
  for (const part of ['package.json', 'index.js', 'LICENSE.md', join('dist', platform)]) {
    cpSync(join(packageFolder, part), join(copy, part), { recursive: true, dereference: true });
  }
  writeFileSync(
    join(folder, 'README.txt'),
    'node bench.mjs --rounds 5 --json figures.json\nNeeds Node 20 or newer, libvulkan.so.1 and the Vulkan driver of the GPU.\n',
  );
}
