// Runs webgpu.mjs in the Deno of the npm package that is given, on a GPU made of software.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { useSoftwareVulkan } from '../vitest/software-vulkan.mjs';

const [spec] = process.argv.slice(2);
await useSoftwareVulkan();
const script = fileURLToPath(new URL('webgpu.mjs', import.meta.url));
const args = [
  '--yes',
  '--prefer-offline',
  '--loglevel=error',
  '-p',
  spec,
  '--',
  'deno',
  'run',
  '--allow-all',
  script,
];
const { status } = spawnSync('npx', args, { stdio: 'inherit', shell: process.platform === 'win32' });
process.exitCode = status ?? 1;
