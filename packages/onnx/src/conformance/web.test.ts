import { describeConformance } from '@attn/conformance/vitest';
import { onnx } from '../web.ts';

describeConformance(() => onnx({ threads: 1 }), { part: { part: 1, of: 20 } });
