import { describeConformance } from '@attn/conformance/vitest';
import { onnx } from '../web.ts';
import { COURSE } from './cases.testing.ts';

// In a worker, as is the default.
describeConformance(() => onnx({ threads: 2 }), { brief: { cases: COURSE } });
