import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

// What a GPU with 16 kB of shared memory gets.
describeConformance(() => webgpu({ attentionRows: 32, attentionTile: '4x4' }), {
  cases: 'golden:longformer/* attn:attention:full;n=*;heads=1',
});
