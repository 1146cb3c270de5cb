// A software GPU for Dawn in Node: SwiftShader, which the packaged Chromium ships. A driver in
// VK_DRIVER_FILES comes first. The variables count for processes that start afterwards, such as vitest's
// workers.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { LOOPS_THAT_ZERO, chromiumFolder } from './chromium.mjs';

/** Sets the environment for processes that start afterwards. */
export async function useSoftwareVulkan() {
  if (process.env.VK_DRIVER_FILES || process.platform !== 'linux' || process.arch !== 'x64') return;
  const folder = await chromiumFolder();
  process.env.ATTN_DAWN_FLAGS ??= LOOPS_THAT_ZERO;
  process.env.VK_DRIVER_FILES = join(folder, 'vk_swiftshader_icd.json');
  process.env.LD_LIBRARY_PATH = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
}

/**
 * Prints the adapter. In another process, as a process looks for libraries by the environment that it began
 * with.
 */
const PROBE = `import { create } from 'webgpu';
const gpu = create([]);
const adapter = await gpu.requestAdapter();
console.log(adapter === null ? '' : adapter.info.description || adapter.info.vendor || 'a GPU');`;

/**
 * With WEBGPU_REQUIRED=1, as in CI: throws one sentence at once if Dawn finds no adapter, instead of one in
 * each test. For packages that depend on `webgpu`, whose tests run in their folder.
 */
export function requireAdapter() {
  if (process.env.WEBGPU_REQUIRED !== '1') return;
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const adapter = execFileSync(process.execPath, ['--input-type=module', '--eval', PROBE], options).trim();
  if (adapter !== '') return;
  throw new Error(
    '[attn/tooling] WEBGPU_REQUIRED: expected an adapter, got none: name the driver of one with VK_DRIVER_FILES',
  );
}
