/** What `dtype: 'auto'` stands for: that depends on the files, the model's size and the machine's memory. */
import { builtin, nodeProcess, sizeOf } from '@attn/core/backend';
import type { Checkpoint } from './checkpoint.ts';
import type { Slot } from './layout.ts';
import type { WeightDtype } from './weight-dtype.ts';

/** What of the machine's memory the weights of a model may take as f32, and most bytes anywhere. */
const SHARE = 1 / 8;
const MOST_BYTES = 2 * 2 ** 30;

/** The memory of a device whose browser does not say, in GiB. */
const UNKNOWN_GIB = 4;

/**
 * The dtype that `auto` stands for: undefined, as the files have them, where they have codes, or where the
 * weights in f32 take at most an eighth of the machine's memory and 2 GiB, half of what WebAssembly can
 * address; else `q8`. It is the same at each loading on one machine.
 */
export function autoDtype(
  checkpoint: Pick<Checkpoint, 'listedName' | 'quantized'>,
  slots: readonly Slot[],
  memory: number = machineMemory(),
): WeightDtype | undefined {
  if (slots.some(({ name }) => checkpoint.quantized?.(name) !== undefined)) return undefined;
  const shapes = new Map(slots.map(({ name, shape }) => [checkpoint.listedName?.(name) ?? name, shape]));
  const bytes = [...shapes.values()].reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);
  return bytes <= Math.min(SHARE * memory, MOST_BYTES) ? undefined : 'q8';
}

/** Bytes of memory of this machine, or of the container: in pages as browsers round them, at most 8 GiB. */
function machineMemory(): number {
  const total = builtin<{ totalmem(): number }>('node:os')?.totalmem();
  if (total !== undefined) {
    const limit = nodeProcess()?.constrainedMemory?.() ?? 0;
    return limit > 0 ? Math.min(limit, total) : total;
  }
  const { deviceMemory = UNKNOWN_GIB } =
    (globalThis as { navigator?: { deviceMemory?: number } }).navigator ?? {};
  return deviceMemory * 2 ** 30;
}
