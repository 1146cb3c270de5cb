import preset from '@attn/tooling-vitest';
import { mergeConfig } from 'vitest/config';

export default mergeConfig(preset, { test: { globalSetup: ['src/testing/postgres.testing.ts'] } });
