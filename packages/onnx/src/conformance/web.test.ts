import { describeConformance } from '@attn/conformance/vitest';
import { onnx } from '../web.ts';
import { MODELS } from './cases.testing.ts';

describeConformance(() => onnx({ threads: 1 }), { brief: { cases: MODELS, oneCallIn: 15 } });
