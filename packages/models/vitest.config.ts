import { inOneProcess } from '@attn/tooling-vitest';
import { requireAdapter, useSoftwareVulkan } from '@attn/tooling-vitest/software-vulkan';
import preset from '@attn/tooling-vitest/browser';
import { mergeConfig } from 'vitest/config';

await useSoftwareVulkan();
requireAdapter();

const serving = { test: { globalSetup: ['src/testing/serve-golden.testing.ts'] } };

export default async () => mergeConfig(inOneProcess(await preset()), serving);
