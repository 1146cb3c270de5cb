import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

// Software compiles these kernels for seconds, and on a busy machine for many.
const caseTimeout = 120_000;

// What a real GPU gets, in workgroups that software compiles in seconds: the large tiles, with and without subgroups.
describeConformance(() => webgpu({ attentionRows: 16, attentionTile: '8x8', subgroups: true }), {
  caseTimeout,
  cases:
    'golden:longformer/head_dim_64 golden:lsh/d64_mid golden:lsh_alt/nodup_within* attn:attention:full;n=*;heads=1 attn:attention:window=4;n=70;heads=1;d=6*',
});
describeConformance(() => webgpu({ attentionRows: 16, attentionTile: '4x8' }), {
  caseTimeout,
  cases: 'golden:longformer/two_windows attn:attention:window=4;n=70;heads=1;d=8*',
});
