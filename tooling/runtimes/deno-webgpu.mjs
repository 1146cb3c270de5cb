// Runs webgpu.mjs in Deno, on a GPU made of software.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { useSoftwareVulkan } from '../vitest/software-vulkan.mjs';
import { DENO, inRuntime } from './versions.mjs';

await useSoftwareVulkan();
const args = inRuntime(DENO, fileURLToPath(new URL('webgpu.mjs', import.meta.url)));
const { status } = spawnSync('npx', args, { stdio: 'inherit', shell: process.platform === 'win32' });
process.exitCode = status ?? 1;
