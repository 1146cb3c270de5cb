/** Stored numbers as f32. */
import { AttnError, type Tensor } from '@attn/core';
import { halfToFloat32 } from '@attn/core/backend';

/** The numbers of a tensor as f32. Errors: `INVALID_DTYPE`, with its name, for integers and booleans. */
export function widen(name: string, { dtype, shape, data }: Tensor): Tensor<'f32'> {
  if (dtype === 'f32' && data instanceof Float32Array) return { dtype, shape, data };
  if (dtype === 'f16' && data instanceof Uint16Array) {
    return { dtype: 'f32', shape, data: halfToFloat32(data) };
  }
  throw wrongDtype(name, dtype);
}

/** The error of a tensor that holds no numbers of a model. */
export function wrongDtype(name: string, dtype: string): AttnError {
  const message = `${name} must be stored as F32, F16, BF16 or F64, got ${dtype}`;
  return new AttnError('INVALID_DTYPE', 'models/weights', message);
}
