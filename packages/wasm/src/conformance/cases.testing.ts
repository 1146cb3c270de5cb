/**
 * Which cases further settings of the backend run by default; `ATTN_SUITE=whole` runs all cases in all of
 * them. `relaxed.test.ts` runs the whole suite in any case.
 */

/** Cases that run every kernel; `cases.whole.test.ts` holds that. */
export const EACH_KERNEL = `
  attn:attention:full;n=1;heads=1;d=1;layout=bnhd
  attn:attention:window=4;n=70;heads=1;d=*
  attn:attention:window=4+global=0;n=66;heads=1;d=*
  attn:attention:window=4+global=0;n=70;heads=4;kvHeads=2;d=5;dv=7;layout=bnhd
  attn:attention:window=3+global=0;n=130;separate;d=16;dv=12;alibi=h
  attn:attention:window=4;n=0;nq=0
  attn:attention:causal;n=66;bias=qk;alibi=h;relative=6;softcap=20;scale=1;keyMask=holes:30
  attn:attention:causal;n=66;d=8;dtype=f16;bias=hqk;alibi=h
  attn:attention:full;n=33;bias=hqk;alibi=h;relative=6
  attn:attention:full;n=70;heads=3;dv=5;sinks=*
  attn:attention:full;n=20;alibi=h;plant=*
  attn:attention:full;n=20;softcap=5;bias=k;biasData=ones*-3.4028234663852886e+38
  attn:attention:full;n=40;heads=1;data=bell*3;softcap=0.5
  attn:attention:full;n=9;bias=k;biasData=ones*-3.4028234663852886e+38;plant=*
  attn:attention:window=4;n=20;relative=3;plant=*
  attn:attention:*score=*
  attn:linear:x=4x9;weight=7x9;*
  attn:linear:x=4x6;weight=5x6;activation=relu;plant=*
  attn:linear:x=5x16;weight=8x16;activation=gelu;dtype=f16;constants=weight
  attn:rotary:x=3x10;*
  attn:quantized*
  attn:linformer:n=33;k=9;dim=16;valueDim=5;hasF;nq=1
  attn:linformer:n=21;inputFirst;projection=meanPool;projectedLength=4
  attn:lshHash:x=1x1x20x4;rotations=4x1x6;buckets=2,2,2,2,2,2;data=halves
  attn:lshHash:x=1x1x40x*
  attn:lshHash:x=1x2x40x16;*
  attn:lshAttention:n=1;chunk=4
  attn:lshAttention:n=5;chunk=8;causal
  attn:lshAttention:n=30;chunk=8;rounds=3;duplicates=once;mask=tail:7
  attn:lshAttention:n=40;chunk=8;keyNorm=l2
  attn:lshAttention:n=40;chunk=8;d=*
  attn:lshAttention:n=40;chunk=16;d=*
  attn:lshAttention:n=40;chunk=16;heads=1;d=*;causal
  attn:lshAttention:n=48;chunk=*;rounds=*;duplicates=*
  attn:lshAttention:n=50;chunk=8;rounds=*
  attn:lshAttention:n=130;chunk=20;d=1;dv=4;data=signs*1048576;*
  attn:lshAttention:n=130;chunk=20;d=1;dv=4;rounds=3;keyNorm=l2;data=signs*32768;dtype=f16
  attn:graph:long-chain
  attn:graph:lsh=*;n=48;*`;

/**
 * Work of more tasks than threads, which are cut in every way: by rows, heads, rounds, products and elements.
 */
export const DIVIDED = `
  attn:attention:window=16;n=1000;heads=1;d=16
  attn:attention:window=4+global=0;n=66;batch=2;heads=*
  attn:attention:window=3+global=input;n=70;batch=3;heads=2;d=4;globalMask=*
  attn:attention:full;n=65;heads=1;d=*
  attn:attention:window=24;dilation=3,64;n=8192;d=4;rows=24
  attn:linear:x=*;weight=33x20;*
  attn:matmul:*
  attn:quantizedLinear:x=*
  attn:lshHash:x=1x2x70x*
  attn:argsort:*
  attn:lshAttention:n=260;chunk=65;*
  attn:lshAttention:n=150;chunk=64;rounds=3;heads=4;batch=2;sorted=9;causal;wrap
  attn:softmax:*
  attn:layerNorm:*
  attn:rmsNorm:*
  attn:rotary:*
  attn:reduce:*
  attn:linformer:n=*;projection=*
  attn:graph:*`;

/** A golden of each kind. All of them run by `relaxed.test.ts`, and by threads. */
export const SOME_GOLDENS = `
  golden:bigbird/rand2
  golden:dense/gqa_8_2
  golden:linformer/basic
  golden:linformer_plain/padded
  golden:local/c8_padded_causal
  golden:longformer/local_w4
  golden:lsh/h4_c16
  golden:lsh_alt/dup_across
  golden:window/global_mixed`;

/**
 * A case of `DIVIDED` for each op and each way to cut: for settings that change where threads find their
 * work, not its parts.
 */
export const SOME_DIVIDED = `
  attn:attention:window=16;n=1000;heads=1;d=16
  attn:attention:window=4+global=0;n=66;batch=2;heads=*
  attn:attention:full;n=65;heads=1;d=*
  attn:linear:x=*;weight=33x20;activation=gelu;*
  attn:matmul:a=65x33;*
  attn:quantizedLinear:x=70x*
  attn:quantizedLinear:x=130x*
  attn:lshHash:x=1x2x70x*
  attn:argsort:*
  attn:lshAttention:n=260;chunk=65;*
  attn:lshAttention:n=150;chunk=64;rounds=3;heads=4;batch=2;sorted=9;causal;wrap
  attn:softmax:x=2x3x4x5;*
  attn:layerNorm:x=3x48;*
  attn:rmsNorm:x=3x48;*
  attn:rotary:x=2x3x5x16;*
  attn:reduce:x=2x5000x3;*
  attn:reduce:x=2x3x4x5;axis=1;*
  attn:linformer:n=200;projection=*
  attn:graph:*`;

/** What depends on the thread that computes and on the memory of the host, whatever the kernel. */
export const COURSE = `
  contract:*
  property:oracle
  property:repeatable`;

/**
 * `COURSE` without the promises that take calls of seconds: for threads and memory that pause and stop alike.
 */
export const SHORT_COURSE = `${COURSE} !contract:aborted-midway !contract:progress*`;
