import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';
import { EACH_ATTENTION, SOME_SCORES, WIDEST_HEADS, WITH_ATTENTION } from './cases.testing.ts';

// Software compiles some kernels for seconds, and on a busy machine for many. By default half of the cases
// run, and all that have another kernel; one of the long calls, that of 8,192 tokens; few scores and few
// random calls. ONNX runs the other half, wasm and cpu run them all.
describeConformance(() => webgpu(), {
  caseTimeout: 120_000,
  cases: WITH_ATTENTION,
  brief: {
    cases: `!attn:attention:*n=16384;* !attn:attention:*n=4096;* ${SOME_SCORES} ${WIDEST_HEADS}`,
    half: 1,
    always: EACH_ATTENTION,
    oneCallIn: 10,
  },
});
