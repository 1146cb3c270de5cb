import { describeConformance } from '@attn/conformance/vitest';
import { onnx } from '../node.ts';

describeConformance(() => onnx({ threads: 2, portable: true }), { part: { part: 0, of: 20 } });
