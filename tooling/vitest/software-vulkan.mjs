// A software GPU for Dawn in Node: SwiftShader, which the packaged Chromium ships. Where VK_DRIVER_FILES is set already, that driver is
// used. The variables count for processes that are started afterwards, as vitest's are.
import { join } from 'node:path';
import { chromiumFolder } from './chromium.mjs';

/** Sets the environment of processes to come. */
export async function useSoftwareVulkan() {
  if (process.env.VK_DRIVER_FILES || process.platform !== 'linux' || process.arch !== 'x64') return;
  const folder = await chromiumFolder();
  process.env.VK_DRIVER_FILES = join(folder, 'vk_swiftshader_icd.json');
  process.env.LD_LIBRARY_PATH = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
}
