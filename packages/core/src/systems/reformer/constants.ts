/**
 * Tensors that compositions need and nobody gives them: random rotations, plain orders. Equal ones are the
 * same tensor, because graphs share executables by the identity of their constants. Do not write to them.
 */
import { checkArgument } from '../../check/check-options.ts';
import { integer } from '../../check/kinds.ts';
import { LruMap } from '../../util/lru.ts';
import { mulberry32 } from '../../util/mulberry32.ts';
import { allocate, checkShape, sizeOf, type Tensor } from '../../tensor.ts';

/** How many of each kind are remembered. */
const REMEMBERED = 32;

const rotations = new LruMap<Tensor<'f32'>>(REMEMBERED);
const orders = new LruMap<Tensor<'i32'>>(REMEMBERED);

/**
 * Numbers of the distribution N(0, 1) in this shape; a seed means the same numbers everywhere and for ever.
 * Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `OUT_OF_MEMORY`.
 */
export function randomRotations(seed: number, shape: readonly number[]): Tensor<'f32'> {
  checkArgument('core/randomRotations', 'seed', seed, integer());
  checkShape(shape, 'core/randomRotations', 'tensor of rotations');
  return remember(rotations, `${seed}:${shape.join()}`, () => {
    return { dtype: 'f32', shape: [...shape], data: normals(seed, sizeOf(shape)) };
  });
}

/** 0 … n − 1 in every row (last axis) of this shape. */
export function identityOrder(shape: readonly number[]): Tensor<'i32'> {
  const length = shape[shape.length - 1];
  return remember(orders, shape.join(), () => {
    const data = Int32Array.from({ length: sizeOf(shape) }, (_, at) => at % length);
    return { dtype: 'i32', shape: [...shape], data };
  });
}

function remember<T>(map: LruMap<T>, key: string, make: () => T): T {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** Box and Muller 1958: two uniform numbers make two normal ones. */
function normals(seed: number, count: number): Float32Array {
  const next = mulberry32(seed);
  const uniform = (): number => (next() + 0.5) / 2 ** 32;
  const data = allocate('f32', count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    data[i] = radius * Math.cos(angle);
    if (i + 1 < count) data[i + 1] = radius * Math.sin(angle);
  }
  return data;
}
