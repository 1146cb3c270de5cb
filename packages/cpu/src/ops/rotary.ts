/** `rotary`: pairs of numbers are turned by the angles of their token. */
import { broadcastStrides, inChunks, offsetAt, sizeOf, type KernelCall } from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';

/** The kernel of `rotary`: (a·cos − b·sin, b·cos + a·sin) for each pair; what is in no pair stays. */
export async function rotary({ inputs, outputs, attributes, context }: KernelCall<'rotary'>): Promise<void> {
  const [x, cos, sin] = [inputs.x, inputs.cos, inputs.sin].map(readFloats);
  const out = writeFloats(outputs[0]);
  const axes = inputs.x.shape.slice(0, -1);
  const [width, pairs] = [inputs.x, inputs.cos].map(({ shape }) => shape[shape.length - 1]);
  const strides = broadcastStrides(inputs.cos.shape.slice(0, -1), axes);
  const { interleaved } = attributes;
  await inChunks(sizeOf(axes), width, context.pause, (first, end) => {
    for (let row = first; row < end; row++) {
      const [from, table] = [row * width, pairs * offsetAt(row, axes, strides)];
      for (let i = 0; i < pairs; i++) {
        const at = from + (interleaved ? 2 * i : i);
        const partner = at + (interleaved ? 1 : pairs);
        out.data[at] = x[at] * cos[table + i] - x[partner] * sin[table + i];
        out.data[partner] = x[partner] * cos[table + i] + x[at] * sin[table + i];
      }
      for (let i = 2 * pairs; i < width; i++) out.data[from + i] = x[from + i];
    }
  });
  out.done();
}
