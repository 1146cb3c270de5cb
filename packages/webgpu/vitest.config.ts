import { useSoftwareVulkan } from '@attn/tooling-vitest/software-vulkan';

await useSoftwareVulkan();

export { default } from '@attn/tooling-vitest/browser';
