import { describeConformance } from '@attn/conformance/vitest';
import { onnx } from '../node.ts';
import { MODELS } from './cases.testing.ts';

describeConformance(() => onnx({ threads: 2, portable: true }), { brief: { cases: MODELS, oneCallIn: 15 } });
