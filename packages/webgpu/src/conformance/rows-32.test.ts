import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';
import { EACH_ATTENTION, RAGGED_ATTENTION } from './cases.testing.ts';

// Blocks of queries for a GPU with 16 kB of shared memory. Software compiles these kernels for seconds, and
// on a busy machine for many.
describeConformance(() => webgpu({ attentionRows: 32 }), {
  caseTimeout: 120_000,
  cases: `golden:longformer/* ${EACH_ATTENTION}`,
  brief: { cases: RAGGED_ATTENTION },
});
