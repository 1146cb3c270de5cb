/**
 * Tensors that are not in memory: their data is read, synchronously, when somebody asks for it. A backend
 * that keeps weights in a form of its own asks once, so that a model's weights are not in memory twice.
 */
import { checkArgument } from './check/check-options.ts';
import { AttnError } from './errors.ts';
import { aFunction } from './check/kinds.ts';
import {
  checkSpec,
  sizeOf,
  type DType,
  type FileSpan,
  type StorageOf,
  type Tensor,
  type TensorSpec,
} from './tensor.ts';

/**
 * A tensor whose `data` is read when somebody asks for it, say from a checkpoint on disk. Reading may throw:
 * what the source throws, and `INVALID_SHAPE` when it returns another number of elements.
 */
export interface LazyTensor<D extends DType = DType> extends Tensor<D> {
  /** Where the same bytes are in a file, for backends that map files into memory. */
  readonly file?: FileSpan;
  /** Returns `data`. */
  readonly read: () => StorageOf[D];
}

const lazy = new WeakSet<Tensor>();

/**
 * Makes a tensor whose data `read` returns. The array is cached while somebody holds it, and read again after
 * that, so `read` must return equal numbers each time. `file` says where the same bytes are, for backends
 * that map files into memory.
 *
 * Errors: `INVALID_ARGUMENT`, `INVALID_DTYPE`, `INVALID_SHAPE`. When somebody asks for the data: those of
 * `read`, and `INVALID_SHAPE` when it returns another number of elements.
 *
 * @example
 * const weight = lazyTensor({ dtype: 'f32', shape: [2, 2] }, () => Float32Array.of(1, 0, 0, 1));
 */
export function lazyTensor<D extends DType>(
  spec: TensorSpec<D>,
  read: () => StorageOf[D],
  file?: FileSpan,
): LazyTensor<D> {
  checkSpec(spec, 'core/lazyTensor');
  checkArgument('core/lazyTensor', 'read', read, aFunction);
  const { dtype, shape } = spec;
  let last: WeakRef<StorageOf[D]> | undefined;
  const readOnce = (): StorageOf[D] => {
    let data = last?.deref();
    if (data !== undefined) return data;
    data = read();
    if (data.length !== sizeOf(shape)) {
      const message = `a tensor of shape [${shape.join()}] needs ${sizeOf(shape)} elements, its source gave ${data.length}`;
      throw new AttnError('INVALID_SHAPE', 'core/lazyTensor', message);
    }
    last = new WeakRef(data);
    return data;
  };
  const tensor: LazyTensor<D> = {
    dtype,
    shape,
    ...(file && { file }),
    read: readOnce,
    get data() {
      return readOnce();
    },
  };
  lazy.add(tensor);
  return tensor;
}

/** Whether `lazyTensor` made the tensor, so that asking for its data reads it. */
export function isLazy<D extends DType>(tensor: Tensor<D>): tensor is LazyTensor<D> {
  return lazy.has(tensor);
}

/**
 * An object that stands for a tensor's data: its array, or the tensor itself if it is lazy. Tensors that
 * share their data have the same one. Nothing is read.
 */
export function dataIdentity(tensor: Tensor): object {
  return isLazy(tensor) ? tensor : tensor.data;
}

/** Copies a lazy tensor into memory; returns any other as it is. */
export function inMemory<D extends DType>(tensor: Tensor<D>): Tensor<D> {
  if (!isLazy(tensor)) return tensor;
  const { dtype, shape, data } = tensor;
  return { dtype, shape, data };
}
