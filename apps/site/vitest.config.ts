export { default } from '@attn/tooling-vitest';
