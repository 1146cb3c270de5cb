/**
 * Tensors that are not held in memory: their data is read, at once and synchronously, when somebody asks for
 * it. A backend that keeps weights in a form of its own asks once, so that a model's weights are not there
 * twice.
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

const lazy = new WeakSet<Tensor>();

/**
 * A tensor of this spec that `read` reads. What it gives is remembered for as long as somebody holds it, and
 * read again after that, so that it must be the same each time. `file` says where the same bytes lie, for
 * backends that map files into memory. Errors: `INVALID_ARGUMENT`, `INVALID_DTYPE`, `INVALID_SHAPE`; later,
 * when the data is asked for, those of `read`, and `INVALID_SHAPE` when it gives another number of elements.
 */
export function lazyTensor<D extends DType>(
  spec: TensorSpec<D>,
  read: () => StorageOf[D],
  file?: FileSpan,
): Tensor<D> {
  checkSpec(spec, 'core/lazyTensor');
  checkArgument('core/lazyTensor', 'read', read, aFunction);
  const { dtype, shape } = spec;
  let last: WeakRef<StorageOf[D]> | undefined;
  const tensor: Tensor<D> = {
    dtype,
    shape,
    ...(file && { file }),
    get data() {
      let data = last?.deref();
      if (data !== undefined) return data;
      data = read();
      if (data.length !== sizeOf(shape)) {
        const message = `a tensor of shape [${shape.join()}] needs ${sizeOf(shape)} elements, its source gave ${data.length}`;
        throw new AttnError('INVALID_SHAPE', 'core/lazyTensor', message);
      }
      last = new WeakRef(data);
      return data;
    },
  };
  lazy.add(tensor);
  return tensor;
}

/** Whether a tensor's data is read only when asked for. */
export function isLazy(tensor: Tensor): boolean {
  return lazy.has(tensor);
}

/**
 * What is the same object for tensors that share their data: the array, or the tensor itself where there is
 * none yet. Nothing is read.
 */
export function dataIdentity(tensor: Tensor): object {
  return isLazy(tensor) ? tensor : tensor.data;
}

/** The same tensor with its data in memory. */
export function inMemory<D extends DType>(tensor: Tensor<D>): Tensor<D> {
  if (!isLazy(tensor)) return tensor;
  const { dtype, shape, data } = tensor;
  return { dtype, shape, data };
}
