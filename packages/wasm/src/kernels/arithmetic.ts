/** Multiply–add, the only instruction in which engines differ. */
import { f32x4, type V128 } from '../assembler/index.ts';

/**
 * SIMD instructions: `relaxed` has fused multiply–add, `plain` is WebAssembly 2.0.
 * https://github.com/WebAssembly/relaxed-simd
 */
export type Simd = 'relaxed' | 'plain';

/** Emits a · b + c. */
export type MultiplyAdd = (a: V128, b: V128, c: V128) => V128;

/** The best a · b + c of an engine with these instructions. */
export function multiplyAdd(simd: Simd): MultiplyAdd {
  return simd === 'relaxed' ? f32x4.relaxedMadd : (a, b, c) => f32x4.add(f32x4.mul(a, b), c);
}
