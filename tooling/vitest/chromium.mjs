// A headless Chromium for tests, without the system's package manager and without a browser download: that of
// CHROME_BIN, or that of the npm package @sparticuz/chromium (Linux x64), which is unpacked once into the
// temporary folder with the shared libraries, fonts and software GPU driver that it ships.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * SwiftShader makes a store for each element of shared memory that Vulkan's extension sets to zero, and
 * compiles them for longer than the rest of a kernel. Without the extension, Dawn writes a loop.
 */
export const LOOPS_THAT_ZERO = 'disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension';

/** Flags for software WebGPU and against all traffic to other machines. */
const ARGS = [
  '--no-sandbox',
  '--no-first-run',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  `--${LOOPS_THAT_ZERO}`,
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
];

/** Headers that make a page cross-origin isolated, so that it has SharedArrayBuffer. */
export const ISOLATION_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * Finds the headless Chromium of this machine: its `executablePath`, and the `args` and `env` to start it
 * with. Without any, throws one sentence that says what to do.
 */
export async function chromium() {
  const executablePath = process.env.CHROME_BIN;
  if (executablePath) {
    if (!existsSync(executablePath))
      throw new Error(`[attn/tooling] CHROME_BIN: expected an executable, got ${executablePath}`);
    return { executablePath, args: ARGS, env: { ...process.env } };
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const machine = `${process.platform}-${process.arch}`;
    throw new Error(
      `[attn/tooling] chromium: expected CHROME_BIN on ${machine}, the packaged one is for linux-x64`,
    );
  }
  const folder = await chromiumFolder();
  const libraries = [join(folder, 'al2023/lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return {
    executablePath: join(folder, 'chromium'),
    args: ARGS,
    env: { ...process.env, LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: join(folder, 'fonts') },
  };
}

/** Unpacks beside the final folder and renames at the end: parallel tests see the whole folder or none. */
export async function chromiumFolder() {
  const packageFolder = join(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))), '..');
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'));
  const folder = join(tmpdir(), `attn-chromium-${version}`);
  if (existsSync(folder)) return folder;

  const { inflate } = await import('@sparticuz/chromium');
  const fresh = await mkdtemp(`${folder}-`);
  const outside = process.env.TMPDIR;
  process.env.TMPDIR = fresh; // inflate() unpacks into the temporary folder of this variable
  try {
    const packs = ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br'];
    await Promise.all(packs.map((pack) => inflate(join(packageFolder, 'bin', pack))));
  } finally {
    if (outside === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = outside;
  }
  const fonts = `<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>`;
  await writeFile(join(fresh, 'fonts/fonts.conf'), fonts);
  await rename(fresh, folder).catch(() => rm(fresh, { recursive: true })); // another process was first
  return folder;
}
