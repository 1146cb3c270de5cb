import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

// Software compiles these kernels for seconds, and on a busy machine for many.
const caseTimeout = 120_000;

// What a GPU with 16 kB of shared memory gets.
describeConformance(() => webgpu({ attentionRows: 32 }), {
  caseTimeout,
  cases: 'golden:longformer/* attn:attention:full;n=*;heads=1',
});
