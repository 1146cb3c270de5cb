import { describeConformance } from '@attn/conformance/vitest';
import { onnx } from '../web.ts';
import { COURSE } from './cases.testing.ts';

describeConformance(() => onnx({ threads: 1, offMainThread: false }), { brief: { cases: COURSE } });
