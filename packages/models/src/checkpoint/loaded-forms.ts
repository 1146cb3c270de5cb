/** In which form a model has its weights once it is loaded. */
import type { Checkpoint } from './checkpoint.ts';
import { halfFormOf } from './halves.ts';
import type { Slot, SlotRole } from './layout.ts';
import {
  formOf,
  type Activations,
  type LoadedForms,
  type WeightDtype,
  type WeightForm,
} from './weight-dtype.ts';

/** What tells the form of stored tensors. */
export type Stored = Pick<Checkpoint, 'has' | 'spec' | 'quantized'>;

/** The forms of weights that were read with these options. A sensitive weight may have another one. */
export function loadedForms(
  checkpoint: Stored,
  slots: readonly Slot[],
  dtype: WeightDtype | undefined,
  activations: Activations,
): LoadedForms {
  const formOfRole = (role: SlotRole): WeightForm => {
    const slot = slots.find((each) => each.role === role && !each.isSensitive);
    if (slot === undefined) return 'f32';
    return formOf(dtype, slot) ?? storedForm(checkpoint, slot.name);
  };
  const linear = formOfRole('linear');
  const hasCodes = linear === 'q8' || linear === 'q4';
  return { linear, embeddings: formOfRole('embeddings'), activations: hasCodes ? activations : 'f32' };
}

/** The form of a matrix in the files. */
export function storedForm(checkpoint: Stored, name: string): WeightForm {
  const codes = checkpoint.quantized?.(name);
  if (codes === undefined) {
    return (checkpoint.has(name) ? halfFormOf(checkpoint.spec(name).fileDtype) : undefined) ?? 'f32';
  }
  return codes.bits === 8 ? 'q8' : 'q4';
}
