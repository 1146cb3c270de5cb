/** max(x, 0); NaN stays NaN. The smallest kernel there is. */
import type { Kernel } from '@attn/core';

export const relu: Kernel<'relu'> = ({ inputs: { x }, outputs: [out] }) => {
  // Half floats are stored as their bits: above 0x7fff is the sign, above 0xfc00 are NaNs.
  const isNegative =
    x.dtype === 'f16' ? (bits: number) => bits > 0x7fff && bits <= 0xfc00 : (value: number) => value < 0;
  for (let i = 0; i < x.data.length; i++) out.data[i] = isNegative(x.data[i]) ? 0 : x.data[i];
};
