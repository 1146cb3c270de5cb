import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';
import { EACH_REDUCTION } from './cases.testing.ts';

// Reductions by subgroup operations, where a software GPU has subgroups of 4 or 8: all rows of tiles span
// several of them. Software compiles some kernels for seconds, and on a busy machine for many.
describeConformance(() => webgpu({ subgroups: true }), {
  caseTimeout: 120_000,
  brief: { cases: EACH_REDUCTION },
});
