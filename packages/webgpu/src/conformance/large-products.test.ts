import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

// What products of large matrices get on a real GPU. Software compiles these kernels for seconds, and on a
// busy machine for many.
describeConformance(() => webgpu({ gemmTile: 128 }), {
  caseTimeout: 120_000,
  cases: 'attn:matmul:* attn:linear:x=*;bias=5 attn:linear:x=130x16;weight=6x16',
  // One kernel; there are others for halves and for a bias, which differ in how they read and write.
  brief: { cases: 'attn:matmul:* attn:linear:x=130x16;weight=6x16 !attn:matmul:*dtype=f16*' },
});
