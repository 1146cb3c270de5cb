/**
 * Constants that compositions need when their callers pass none: random rotations, plain orders. Equal ones
 * are one tensor, because graphs share executables by the identity of their constants. Do not write to them.
 */
import { checkArgument } from '../../check/check-options.ts';
import { integer } from '../../check/kinds.ts';
import { LruMap } from '../../util/lru.ts';
import { mulberry32 } from '../../util/mulberry32.ts';
import { allocate, checkShape, sizeOf, type Tensor } from '../../tensor.ts';

/** How many tensors of each kind are cached. */
const CACHED = 32;

const rotations = new LruMap<Tensor<'f32'>>(CACHED);
const orders = new LruMap<Tensor<'i32'>>(CACHED);

/**
 * A tensor of random numbers of the distribution N(0, 1). A seed gives equal numbers on every machine,
 * always. Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `OUT_OF_MEMORY`.
 */
export function randomRotations(seed: number, shape: readonly number[]): Tensor<'f32'> {
  checkArgument('core/randomRotations', 'seed', seed, integer());
  checkShape(shape, 'core/randomRotations', 'tensor of rotations');
  return cached(rotations, `${seed}:${shape.join()}`, () => {
    return { dtype: 'f32', shape: [...shape], data: normals(seed, sizeOf(shape)) };
  });
}

/** A tensor of orders that change nothing: 0 … n − 1 in every row (last axis). */
export function identityOrder(shape: readonly number[]): Tensor<'i32'> {
  const length = shape[shape.length - 1];
  return cached(orders, shape.join(), () => {
    const data = Int32Array.from({ length: sizeOf(shape) }, (_, at) => at % length);
    return { dtype: 'i32', shape: [...shape], data };
  });
}

function cached<T>(cache: LruMap<T>, key: string, make: () => T): T {
  let value = cache.get(key);
  if (value === undefined) {
    value = make();
    cache.set(key, value);
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
