import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';
import { SOME_SCORES, WIDEST_HEADS, WITH_ATTENTION } from './cases.testing.ts';

// Software compiles some kernels for seconds, and on a busy machine for many. By default one of the long
// calls runs, that of 8,192 tokens, few scores and few random calls; wasm and cpu run them all.
describeConformance(() => webgpu(), {
  caseTimeout: 120_000,
  cases: WITH_ATTENTION,
  brief: {
    cases: `!attn:attention:*n=16384;* !attn:attention:*n=4096;* ${SOME_SCORES} ${WIDEST_HEADS}`,
    oneCallIn: 10,
  },
});
