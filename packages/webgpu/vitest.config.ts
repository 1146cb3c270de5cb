import preset from '@attn/tooling-vitest/browser';
import { requireAdapter, useSoftwareVulkan } from '@attn/tooling-vitest/software-vulkan';
import { mergeConfig } from 'vitest/config';

await useSoftwareVulkan();
requireAdapter();

// Two processes, so that the longest of all packages is not the last to end: here software plays the GPU.
export default async () => mergeConfig(await preset(), { test: { maxWorkers: 2 } });
