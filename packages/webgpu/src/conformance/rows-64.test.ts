import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';
import { EACH_ATTENTION, SOME_ATTENTION } from './cases.testing.ts';

// Blocks of queries as large as a real GPU gets. Software compiles these kernels for seconds, and on a busy
// machine for many.
describeConformance(() => webgpu({ attentionRows: 64 }), {
  caseTimeout: 120_000,
  cases: `golden:longformer/local_w4 golden:lsh/h4_c16 ${EACH_ATTENTION}`,
  brief: { cases: SOME_ATTENTION },
});
