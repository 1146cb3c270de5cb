/** The one thing in which engines differ: whether they multiply and add in one instruction. */
import { f32x4, type V128 } from '../assembler/index.ts';

/**
 * `relaxed` has fused multiply–add; `plain` is WebAssembly 2.0. https://github.com/WebAssembly/relaxed-simd
 */
export type Simd = 'relaxed' | 'plain';

/** a · b + c. */
export type MultiplyAdd = (a: V128, b: V128, c: V128) => V128;

/** The engine's best a · b + c. */
export function multiplyAdd(simd: Simd): MultiplyAdd {
  return simd === 'relaxed' ? f32x4.relaxedMadd : (a, b, c) => f32x4.add(f32x4.mul(a, b), c);
}
