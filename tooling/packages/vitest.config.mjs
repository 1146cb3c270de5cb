import preset from '@attn/tooling-vitest';
import { mergeConfig } from 'vitest/config';

// This package ends last, when nothing else runs: two processes, for a machine of two cores.
export default mergeConfig(preset, { test: { maxWorkers: 2 } });
