import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

// What products of large matrices get on a real GPU. Software compiles these kernels for seconds, and on a
// busy machine for many.
describeConformance(() => webgpu({ gemmTile: 128 }), {
  caseTimeout: 120_000,
  cases: 'attn:matmul:* attn:linear:x=*;bias=5 attn:linear:x=130x16;weight=6x16 attn:quantizedLinear:*',
  // One kernel; there are others for halves and for a bias, which differ in how they read and write. Of
  // codes, one of each kind: bytes, nibbles, integers.
  brief: {
    cases: `
      attn:matmul:* !attn:matmul:*dtype=f16*
      attn:linear:x=130x16;weight=6x16
      attn:quantizedLinear:x=33x768;*
      attn:quantizedLinear:x=70x160;*
      attn:quantizedLinear:x=130x96;*`,
  },
});
