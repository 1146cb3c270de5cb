import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

// Software compiles these kernels for seconds, and on a busy machine for many.
const caseTimeout = 120_000;

// Blocks of queries as large as a real GPU gets, which software compiles in a quarter of a minute each: a few goldens, and heads that are whole vectors and not.
describeConformance(() => webgpu({ attentionRows: 64 }), {
  caseTimeout,
  cases:
    'golden:longformer/local_w4 golden:longformer/two_windows golden:lsh/h4_c16 attn:attention:full;n=*;heads=1 attn:attention:window=4;n=70;heads=1;d=65',
});
