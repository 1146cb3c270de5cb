import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

// Software compiles these kernels for seconds, and on a busy machine for many.
const caseTimeout = 120_000;

// What products of large matrices get on a real GPU.
describeConformance(() => webgpu({ gemmTile: 128 }), {
  caseTimeout,
  cases: 'attn:matmul:* attn:linear:x=*;bias=5 attn:linear:x=130x16;weight=6x16',
});
