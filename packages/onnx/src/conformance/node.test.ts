import { describeConformance } from '@attn/conformance/vitest';
import { onnx } from '../node.ts';
import { EACH_OPERATOR } from './cases.testing.ts';

// By default half of the cases, and all that have another operator; of random calls few, as each makes a
// session; of memory `faults.test.ts` has a test of its own. WebGPU runs the other half.
describeConformance(() => onnx({ threads: 1 }), {
  brief: { cases: '!contract:no-leak', half: 0, always: EACH_OPERATOR, oneCallIn: 4 },
});
