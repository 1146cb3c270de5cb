import { describeConformance } from '@attn/conformance/vitest';
import { onnx } from '../web.ts';

// In a worker, as is the default.
describeConformance(() => onnx({ threads: 2 }), { part: { part: 3, of: 20 } });
