import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

describeConformance(() => webgpu());
