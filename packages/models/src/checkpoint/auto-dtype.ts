/** What `dtype: 'auto'` stands for: that depends on the files, the model's size and the machine's memory. */
import { builtin, nodeProcess, sizeOf } from '@attn/core/backend';
import type { Checkpoint } from './checkpoint.ts';
import type { Slot } from './layout.ts';
import { storedForm, type Stored } from './loaded-forms.ts';
import type { WeightDtype } from './weight-dtype.ts';

/** What of the machine's memory the weights of a model may take as numbers, and most bytes anywhere. */
const SHARE = 1 / 8;
const MOST_BYTES = 2 * 2 ** 30;

/** The memory of a device whose browser does not say, in GiB. */
const UNKNOWN_GIB = 4;

/**
 * The dtype that `auto` stands for: undefined, as the files have them, where they have codes, or where the
 * weights take at most an eighth of the machine's memory and 2 GiB, half of what WebAssembly can address;
 * else `q8`. It is the same at each loading on one machine.
 */
export function autoDtype(
  checkpoint: Stored & Pick<Checkpoint, 'listedName'>,
  slots: readonly Slot[],
  memory: number = machineMemory(),
): WeightDtype | undefined {
  if (slots.some(({ name }) => checkpoint.quantized?.(name) !== undefined)) return undefined;
  const bytesOf = ({ name, role, shape }: Slot): number =>
    (role === undefined || storedForm(checkpoint, name) === 'f32' ? 4 : 2) * sizeOf(shape);
  const sizes = new Map(
    slots.map((slot) => [checkpoint.listedName?.(slot.name) ?? slot.name, bytesOf(slot)]),
  );
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
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
