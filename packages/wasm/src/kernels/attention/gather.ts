/** Loads from four addresses. */
import { i32x4, v128, type Local, type V128 } from '../../assembler/index.ts';

/** Loads four words from four addresses. */
export function gather(addresses: Local<'v128'>): V128 {
  let vector: V128 = v128.load32Zero(i32x4.extractLane(0, addresses));
  for (const lane of [1, 2, 3]) vector = v128.load32Lane(lane, i32x4.extractLane(lane, addresses), vector);
  return vector;
}
