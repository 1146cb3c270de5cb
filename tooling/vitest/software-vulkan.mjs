// A software GPU for Dawn in Node: SwiftShader, which the packaged Chromium ships. Where VK_DRIVER_FILES is set already, that driver is
// used. The variables count for processes that are started afterwards, as vitest's are.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { chromiumFolder } from './chromium.mjs';

/** Sets the environment of processes to come. */
export async function useSoftwareVulkan() {
  if (process.env.VK_DRIVER_FILES || process.platform !== 'linux' || process.arch !== 'x64') return;
  const folder = await chromiumFolder();
  process.env.VK_DRIVER_FILES = join(folder, 'vk_swiftshader_icd.json');
  process.env.LD_LIBRARY_PATH = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
}

/** Prints what adapter there is; another process, because libraries are found by the environment that a process began with. */
const LOOK = `import { create } from 'webgpu';
const gpu = create([]);
const adapter = await gpu.requestAdapter();
console.log(adapter === null ? '' : adapter.info.description || adapter.info.vendor || 'a GPU');`;

/**
 * With WEBGPU_REQUIRED=1, as in CI: throws at once where Dawn finds no adapter, in one sentence, rather than have every test say it. To be
 * called from a package that depends on `webgpu`, in whose folder tests run.
 */
export function requireAdapter() {
  if (process.env.WEBGPU_REQUIRED !== '1') return;
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const found = execFileSync(process.execPath, ['--input-type=module', '--eval', LOOK], options).trim();
  if (found !== '') return;
  throw new Error(
    '[attn/tooling] WEBGPU_REQUIRED: expected an adapter, got none: name the driver of one with VK_DRIVER_FILES',
  );
}
