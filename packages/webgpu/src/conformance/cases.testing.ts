/**
 * Which cases the settings of the backend run. Software compiles a kernel of attention for up to four
 * seconds, so each list has as few cases as run the kernels that the setting changes; `cases.whole.test.ts`
 * holds that none is missing.
 */

/** Tests that run kernels of attention, for one process; the others are for another. */
const ATTENTION_TESTS = [
  'attn:attention:*',
  'attn:linformer:*',
  'attn:graph:additive-*',
  'property:*',
  'contract:state-attention*',
  ...['bigbird', 'dense', 'linformer', 'local', 'longformer', 'window'].map((name) => `golden:${name}/*`),
];
export const WITH_ATTENTION: string = ATTENTION_TESTS.join(' ');
export const WITHOUT_ATTENTION: string = ATTENTION_TESTS.map((glob) => `!${glob}`).join(' ');

/**
 * All kernels of attention, whatever the rows of a block: storage, head dims, biases, LSH with all ways to
 * count.
 */
export const EACH_ATTENTION = `
  attn:attention:full;n=30;nq=7;alibi=h
  attn:attention:full;n=33;bias=hqk;alibi=h;relative=6
  attn:attention:full;n=40;d=16;dtype=f16
  attn:attention:full;n=65;heads=1;d=1
  attn:attention:full;n=65;heads=1;d=80
  attn:attention:full;n=65;heads=1;d=256
  attn:attention:full;n=65;heads=1;d=512
  attn:attention:full;n=66;relative=0
  attn:attention:causal;n=70;score=every
  attn:attention:full;n=70;dtype=f16;bias=qk;biasData=ones*65504
  attn:attention:full;n=70;nq=9;bias=hqk
  attn:attention:full;n=70;heads=3;dv=5;sinks=bell;layout=bhnd
  attn:attention:full;n=450;heads=1;d=4
  attn:attention:full;n=700;nq=1;data=zeros;bias=k;biasData=ones*-100000
  attn:attention:full;n=700;nq=2;d=1;scale=1;data=signs*131072
  attn:attention:causal;n=66;d=8;dtype=f16;bias=hqk;alibi=h
  attn:attention:window=4;n=70;heads=1;d=65
  attn:attention:window=4;n=70;keyMask=tail:9;queryMask=tail:9;bias=bhqk;alibi=h;layout=bnhd
  attn:attention:window=4+global=0;n=66;heads=1;d=1;dv=64
  attn:attention:window=4+global=0;n=66;heads=1;d=64;dv=1
  attn:attention:window=4+global=0;n=66;heads=4;kvHeads=2;bias=hqk;alibi=h;relative=4
  attn:attention:window=4;n=40;batch=2;heads=2;dtype=f16;sinks=bell;keyMask=tail:6|none;layout=bhnd
  attn:attention:window=4;n=40;batch=2;heads=2;dtype=f16;sinks=bell;keyMask=tail:6|none;layout=bhnd;nolse
  attn:attention:window=24;dilation=3,64;n=8192;d=4;rows=24
  attn:linformer:n=20
  attn:linformer:n=20;hasF;dtype=f16
  attn:linformer:n=33;k=9;dim=16;valueDim=5;hasF;nq=1
  attn:lshAttention:n=1;chunk=4
  attn:lshAttention:n=30;chunk=8;rounds=3;duplicates=once;mask=tail:7
  attn:lshAttention:n=40;chunk=8;rounds=2;batch=2;mask=none
  attn:lshAttention:n=40;chunk=16;d=4;dv=70;wrap
  attn:lshAttention:n=40;chunk=16;d=8;dv=1
  attn:lshAttention:n=40;chunk=16;heads=1;d=1;causal
  attn:lshAttention:n=40;chunk=16;heads=1;d=80;causal
  attn:lshAttention:n=40;chunk=16;heads=1;d=256;causal
  attn:lshAttention:n=40;chunk=16;heads=1;d=512;causal
  attn:lshAttention:n=130;chunk=20;d=1;dv=4;data=signs*1048576;rounds=1
  attn:lshAttention:n=130;chunk=20;d=1;dv=4;data=signs*1048576;rounds=2;duplicates=once;keyNorm=l2;mask=holes:20
  attn:graph:additive-sum
  attn:graph:lsh=paper;n=48;chunk=8;rounds=2;buckets=6;batch=1`;

/**
 * Scores that are tried every day. Each is a kernel, which software compiles for seconds; wasm, onnx and
 * cpu try all.
 */
export const SOME_SCORES: string = [
  'alibi',
  'bias',
  'causal',
  'checkers',
  'clamped',
  'exactly',
  'keyBias',
  'no',
]
  .concat(
    'positive',
    'relative',
    'same',
    'scalar',
    'sinkKey',
    'softcap',
    'squared',
    'tableOnly',
    'temperature',
    'trig',
    'waves',
  )
  .map((name) => `!attn:attention:*score=${name}*`)
  .join(' ');

/**
 * Heads of 512 have the kernels of heads of 256 with twice as many groups, which software compiles for twice
 * as long. `kernels.test.ts` holds that they are valid, and wasm, onnx and cpu try these cases every day.
 */
export const WIDEST_HEADS = '!attn:*;d=512*';

/** Kernels that differ in everything but the rows: plain, with all biases, for LSH. */
export const SOME_ATTENTION = `
  golden:longformer/local_w4
  golden:lsh/h4_c16
  attn:attention:full;n=33;bias=hqk;alibi=h;relative=6`;

/** A kernel whose heads are no whole vectors and take two groups. */
export const RAGGED_ATTENTION = 'attn:attention:window=4;n=70;heads=1;d=65';

/**
 * All kernels that reduce by subgroups, but for kernels of attention with other biases, which are added after
 * that, and for heads of 512, which are heads of 256 with more groups.
 */
export const EACH_REDUCTION = `
  golden:longformer/local_w4
  golden:lsh/h4_c16
  attn:attention:full;n=33;bias=hqk;alibi=h;relative=6
  attn:attention:full;n=40;d=16;dtype=f16
  attn:attention:full;n=65;heads=1;d=256
  attn:attention:full;n=700;nq=1;data=zeros;bias=k;biasData=ones*-100000
  attn:lshAttention:n=30;chunk=8;rounds=3;duplicates=once;mask=tail:7
  attn:lshAttention:n=40;chunk=16;heads=1;d=256;causal
  attn:graph:additive-sum
  attn:rmsNorm:x=2x3x16;*
  attn:rmsNorm:x=3x48;*
  attn:layerNorm:x=2x3x16;bias=16;eps=1e-12
  attn:layerNorm:x=2x8;weight=8;eps=0.00001;data=zeros
  attn:layerNorm:x=3x48;weight=48;bias=48;eps=0.00001;dtype=f16
  attn:graph:linformer
  attn:graph:long-chain
  attn:quantizedLinear:x=4x32;*inputs=int12*
  attn:softmax:x=3x48;*`;

/** What a page has of its own: the device, its queue, and the memory that inputs come from. */
export const PAGE = `
  golden:longformer/local_w4
  golden:lsh/h4_c16
  attn:graph:long-chain
  attn:linear:x=4x9;weight=7x9;bias=7;activation=gelu
  attn:argsort:x=2x*
  contract:memory-of-*
  contract:overlapping-runs
  contract:inputs-of-overlapping-runs
  contract:disposed
  contract:backend-disposed*`;

/**
 * Cases of other kernels than those of attention which the half of the suite that runs by default has not:
 * with it every kernel is tried.
 */
export const EACH_OTHER = `
  attn:linear:x=4x9;weight=7x9;bias=7;*
  attn:linear:x=2x5x20;weight=33x20;activation=*
  attn:linear:x=5x16;*
  attn:sub:* attn:mul:* attn:max:* attn:min:*
  attn:*:x=2x16;*dtype=f16
  attn:layerNorm:x=3x48;*dtype=f16
  attn:transpose:x=2x3x2x2x3;*
  attn:topK:x=2x5000;k=1
  attn:quantizedLinear:x=1x1;*
  attn:quantizedLinear:x=3x0;*
  attn:quantizedLinear:x=4x64;*
  attn:quantizedLinear:x=5x64;*
  attn:quantizedEmbedding:ids=2x5;*`;
