import { describeConformance } from '@attn/conformance/vitest';
import { onnx } from '../node.ts';

// By default random calls are fewer, as each makes a session, and of memory `faults.test.ts` has a test of
// its own.
describeConformance(() => onnx({ threads: 1 }), { brief: { cases: '!contract:no-leak', oneCallIn: 4 } });
