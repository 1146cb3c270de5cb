import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';
import { WIDEST_HEADS, WITHOUT_ATTENTION } from './cases.testing.ts';

// Software compiles some kernels for seconds, and on a busy machine for many.
describeConformance(() => webgpu(), {
  caseTimeout: 120_000,
  cases: WITHOUT_ATTENTION,
  brief: { cases: `!contract:no-leak ${WIDEST_HEADS}` },
});
