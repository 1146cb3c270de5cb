/** Copies rows of floats between tensors and scratch memory. */
import { v128, type FunctionBuilder, type Local, type V128 } from '../../assembler/index.ts';

/** Emits to[0 … dim) = change(from[0 … dim)), and advances both addresses behind the row. */
export function copyRow(
  f: FunctionBuilder,
  from: Local<'i32'>,
  to: Local<'i32'>,
  dim: number,
  change: (x: V128) => V128 = (x) => x,
): void {
  f.count('vector', dim >> 2, 1, () => {
    f.do(v128.store(to, change(v128.load(from))));
    f.advance(from, 16);
    f.advance(to, 16);
  });
  for (let rest = 0; rest < dim % 4; rest++) {
    f.do(v128.store32Lane(0, to, change(v128.load32Splat(from, 4 * rest)), 4 * rest));
  }
  f.advance(from, 4 * (dim % 4));
  f.advance(to, 4 * (dim % 4));
}
