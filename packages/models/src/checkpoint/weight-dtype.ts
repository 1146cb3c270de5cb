/** The option `dtype` of loading: in which form weights are kept. */
import type { ActivationForm } from '@attn/core';
import { anObject, either, oneOf, type Kind } from '@attn/core/backend';
import type { SlotRole } from './layout.ts';

/** A form of weights: numbers of 32 bits, or codes of 8 or 4 bits with scales. */
export type WeightForm = 'f32' | 'q8' | 'q4';

/** Forms by what weights are for. */
export type WeightForms = { readonly [R in SlotRole]?: WeightForm };

/** The option `dtype`: one form for all matrices and tables, or one for each. */
export type WeightDtype = WeightForm | WeightForms;

/** How quantised layers read their inputs. */
export type Activations = 'f32' | 'integer';

const FORMS = ['f32', 'q8', 'q4'] as const;
const aForm: Kind = oneOf(...FORMS);
const someForms: Kind = {
  expected: '{ linear, embeddings } of these',
  test: (value) =>
    anObject.test(value) &&
    Object.entries(value as object).every(
      ([role, form]) => ['linear', 'embeddings'].includes(role) && (form === undefined || aForm.test(form)),
    ),
};

/** The kind of the option `dtype`. */
export const aWeightDtype: Kind = either(aForm, someForms);

/** The form of weights of a role. Undefined roles are never quantised. */
export function formOf(dtype: WeightDtype, role: SlotRole | undefined): WeightForm {
  if (role === undefined) return 'f32';
  return typeof dtype === 'string' ? dtype : (dtype[role] ?? 'f32');
}

/** How inputs are read in a layer whose weights have this form. */
export function inputsOf(activations: Activations): ActivationForm {
  return activations === 'integer' ? 'int12' : 'float';
}
