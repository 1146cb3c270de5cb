/**
 * Which cases further settings of the backend run by default; `ATTN_SUITE=whole` runs all cases in all of
 * them. `node.test.ts` runs the whole suite in any case.
 */

/**
 * Cases whose models have every operator with every attribute that the suite has; `cases.whole.test.ts` holds
 * that.
 */
export const EACH_OPERATOR = `
  attn:attention:causal;n=66;bias=qk;alibi=h;relative=6;softcap=20;scale=1;keyMask=holes:30
  attn:linformer:n=21;projection=meanPool;projectedLength=4;dtype=f16
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=checkers
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=clamped
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=documents
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=every
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=positive
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=tableOnly
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=trig
  attn:attention:full;n=20;batch=2;heads=3;data=halves;score=wrapping
  attn:softmax:x=0x3;axis=1
  attn:softmax:x=7;axis=0
  attn:softmax:x=2x3x4x5;axis=2
  attn:softmax:x=2x3x4x5;axis=3
  attn:linear:x=4x9;weight=7x9;bias=7;activation=silu
  attn:rsqrt:x=scalar
  attn:rmsNorm:x=2x3x16;weight=16;*
  attn:rotary:x=3x10;*
  attn:matmul:a=1x1;b=1x1;transpose*
  attn:gather:x=4x4x4;indices=6;axis=2
  attn:lshHash:x=1x1x40x1;rotations=1x2x8;buckets=16;data=halves
  attn:attention:full;n=70;heads=3;dv=5;sinks=bell;layout=bhnd
  attn:topK:x=7;k=1
  attn:expertLinear:x=5x3;*
  attn:quantizedLinear:x=4x31;*
  attn:quantizedLinear:x=4x48;*
  attn:quantizedLinear:x=4x50;*
  attn:quantizedLinear:x=4x64;codes=6*
  attn:quantizedLinear:x=4x256;*
  attn:quantizedLinear:x=5x40;*
  attn:quantizedLinear:x=5x64;codes=6x1x64;*
  attn:quantizedLinear:x=2x20000;*
  attn:quantizedEmbedding:ids=7;*
  attn:graph:embedding-to-logits
  attn:graph:encoder-three-layers
  attn:graph:linformer
  attn:graph:lsh=paper;n=48;chunk=8;rounds=3;buckets=2,4;causal;batch=1`;

/** What operators must compute: activations, shapes of plans, masks, numbers of all sizes, halves. */
const NUMBERS = `
  attn:linear:x=4x9;weight=7x9;bias=7;activation=*
  attn:linear:x=4x6;weight=5x6;activation=relu;plant=*
  attn:attention:full;n=1;heads=1
  attn:attention:full;n=40;d=16;dtype=f16
  attn:attention:full;n=450;heads=1;d=4
  attn:attention:window=16;n=1000;heads=1;d=16
  attn:attention:window=4;n=70;heads=1;d=65
  attn:attention:window=4+global=0;n=66;batch=2;heads=8;kvHeads=2;d=4
  attn:attention:window=3+global=input;n=70;batch=3;heads=2;d=4;globalMask=only:0|only:3,7,50|none;separate
  attn:attention:full;n=70;nq=9;bias=hqk
  attn:attention:full;n=70;bias=qk;biasData=ones*-3.4028234663852886e+38;keyMask=holes:40
  attn:lshAttention:n=30;chunk=8;rounds=3;duplicates=once;mask=tail:7
  attn:lshAttention:n=48;chunk=8;rounds=4;duplicates=lucidrains;wrap;sorted=2
  attn:graph:additive-causal
  golden:longformer/local_w4
  golden:lsh/h4_c16
  contract:state-attention
  contract:state-read-before-write`;

/** Another way to write models, or another runtime. */
export const MODELS: string = `property:oracle ${EACH_OPERATOR} ${NUMBERS}`;

/** Another way for tensors to reach the same runtime. */
export const COURSE = `
  attn:attention:full;n=40;d=16;dtype=f16
  attn:quantizedLinear:x=4x48;*
  attn:quantizedLinear:x=5x64;codes=6x1x64;*
  attn:graph:embedding-to-logits
  attn:graph:linformer
  attn:graph:lsh=paper;n=48;chunk=8;rounds=3;buckets=2,4;causal;batch=1
  golden:longformer/local_w4
  golden:lsh/h4_c16
  contract:disposed
  contract:backend-disposed*
  contract:overlapping-runs
  contract:inputs-of-overlapping-runs
  contract:memory-of-inputs
  contract:aborted
  contract:state-append
  contract:state-attention
  contract:state-aborted
  contract:state-turns`;
