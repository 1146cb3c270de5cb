import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

describeConformance(() => webgpu(), { part: { part: 0, of: 3 } });
