/** The ops and their attributes. A new op is a folder here, a line in this map and a line in `ops/index.ts`. */
import type { AttentionAttributes } from './attention/spec.ts';

/** Attributes by op name. */
export interface OpAttributes {
  /** Pattern-restricted attention; see `ops/attention/spec.ts` for the inputs. */
  attention: AttentionAttributes;
  /** `x [..., in]`, `weight [out, in]`, `bias? [out]` → x·Wᵀ + b, then the activation. */
  linear: { readonly activation?: Activation };
  /** `a [..., m, k]`, `b [..., k, n]` with broadcast batch axes → a·b; `transposeA/B` swap the last two axes first. */
  matmul: { readonly transposeA?: boolean; readonly transposeB?: boolean };
  /** `a`, `b`, broadcast like NumPy. */
  add: Record<string, never>;
  mul: Record<string, never>;
  /** `x`, `weight? [n]`, `bias? [n]` over the last axis. Ba et al. 2016. */
  layerNorm: { readonly eps: number };
  /** Hendrycks & Gimpel 2016: the erf form, or the tanh approximation. */
  gelu: { readonly approximate: 'none' | 'tanh' };
  relu: Record<string, never>;
  tanh: Record<string, never>;
  /** Over one axis; negative counts from the end. A slice of −∞ only gives 0. */
  softmax: { readonly axis: number };
  /** `ids` (i32/u32, any shape), `table [rows, dim]` → [...ids.shape, dim]. */
  embedding: Record<string, never>;
  /** `x`, `indices` (i32/u32, rank 1): picks slices along the axis. */
  gather: { readonly axis: number };
  /** One extent may be −1. */
  reshape: { readonly shape: readonly number[] };
  /** Output axis i is input axis `permutation[i]`. */
  transpose: { readonly permutation: readonly number[] };
  /** Half-open ranges; one start and end per axis. */
  slice: { readonly starts: readonly number[]; readonly ends: readonly number[] };
  /** Inputs `x0, x1, …` along one axis. */
  concat: { readonly axis: number };
}

/** Fused after `linear`. */
export type Activation = 'gelu' | 'gelu_tanh' | 'relu' | 'tanh';

export type OpName = keyof OpAttributes;
