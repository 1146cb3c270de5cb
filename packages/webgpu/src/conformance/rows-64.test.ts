import { describeConformance } from '@attn/conformance/vitest';
import { webgpu } from '../index.ts';

// Software compiles these kernels for seconds, and on a busy machine for many.
const caseTimeout = 120_000;

// Blocks of queries as large as a real GPU gets, which software compiles slowly: the goldens, and calls whose heads are whole vectors and not.
describeConformance(() => webgpu({ attentionRows: 64, attentionTile: '4x4' }), {
  caseTimeout,
  cases:
    'golden:longformer/* golden:lsh/h4_c16* golden:lsh_alt/nodup_within* attn:attention:full;n=*;heads=1 attn:attention:window=4;n=70;heads=1;d=*',
});
