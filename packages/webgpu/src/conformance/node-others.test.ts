import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';
import { EACH_ATTENTION, EACH_OTHER, WIDEST_HEADS, WITHOUT_ATTENTION } from './cases.testing.ts';

// Software compiles some kernels for seconds, and on a busy machine for many. By default half of the cases
// run, and all that have another kernel; ONNX runs the other half, wasm and cpu run them all.
describeConformance(() => webgpu(), {
  caseTimeout: 120_000,
  cases: WITHOUT_ATTENTION,
  brief: {
    cases: `!contract:no-leak ${WIDEST_HEADS}`,
    half: 1,
    always: `${EACH_ATTENTION} ${EACH_OTHER}`,
  },
});
