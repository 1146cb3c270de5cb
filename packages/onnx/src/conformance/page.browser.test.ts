import { describeConformance } from '@attn/conformance/vitest';
import { onnx } from '../web.ts';

describeConformance(() => onnx({ threads: 1, offMainThread: false }), { part: { part: 2, of: 20 } });
