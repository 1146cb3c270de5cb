import { requireAdapter, useSoftwareVulkan } from '@attn/tooling-vitest/software-vulkan';

await useSoftwareVulkan();
requireAdapter();

export { default } from '@attn/tooling-vitest';
