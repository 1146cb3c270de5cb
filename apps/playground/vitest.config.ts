import preset from '@attn/tooling-vitest';
import { mergeConfig } from 'vitest/config';

/** A page on a busy machine answers late. */
export default mergeConfig(preset, { test: { expect: { poll: { timeout: 30_000 } } } });
