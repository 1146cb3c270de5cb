/** Matrices that a checkpoint stores as halves, which stay halves in memory. */
import type { HalfForm, Tensor } from '@attn/core';
import { codesShape, halfFormat, lazyTensor, nearestHalf } from '@attn/core/backend';
import type { Checkpoint, StoredCodes } from './checkpoint.ts';

/** The halves of a matrix as codes of 16 bits; undefined for a tensor that is stored in another form. */
export function storedHalves(checkpoint: Checkpoint, name: string): StoredCodes | undefined {
  const { fileDtype, shape } = checkpoint.spec(name);
  const float = halfFormOf(fileDtype);
  if (float === undefined || shape.length !== 2) return undefined;
  const [rows, length] = shape;
  const format = halfFormat(length, float);
  const spec = { dtype: 'u8', shape: codesShape(rows, length, format) } as const;
  const codes = async (isNow: boolean): Promise<Tensor<'u8'>> => {
    const later = isNow ? undefined : await checkpoint.lazyBytes?.(name);
    if (later !== undefined) return lazyTensor(spec, later.read, later.file);
    const bytes = (await checkpoint.bytes?.(name)) ?? bytesOf(await checkpoint.tensor(name), float);
    return { ...spec, data: bytes };
  };
  return {
    ...format,
    hasZeroPoints: false,
    read: async ({ inMemory = false } = {}) => ({ ...format, codes: await codes(inMemory) }),
  };
}

/** The form of halves in a file; undefined for other dtypes. */
export function halfFormOf(fileDtype: string | undefined): HalfForm | undefined {
  if (fileDtype === 'F16') return 'f16';
  return fileDtype === 'BF16' ? 'bf16' : undefined;
}

/** The bytes of halves, which come as halves or as the f32 numbers that they are. */
function bytesOf({ dtype, data }: Tensor, float: HalfForm): Uint8Array {
  const bits = dtype === 'f16' ? data : Uint16Array.from(data, (x) => nearestHalf(x, float));
  return new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
}
