/** The option `dtype` of loading: in which form weights are kept. */
import type { ActivationForm, CodeBits, CodeFormat, ExactActivationForm, HalfForm } from '@attn/core';
import { anObject, either, oneOf, type Kind } from '@attn/core/backend';
import type { Slot, SlotRole } from './layout.ts';

/** A form of weights: numbers of 32 or 16 bits, or codes of 8 or 4 bits with scales. */
export type WeightForm = 'f32' | 'f16' | 'bf16' | 'q8' | 'q4';

/** Forms by what weights are for. */
export type WeightForms = { readonly [R in SlotRole]?: WeightForm };

/** The option `dtype`: one form for all matrices and tables, or one for each. */
export type WeightDtype = WeightForm | WeightForms;

/** How quantised layers read their inputs: as they are, or as integers of 12 or of 8 bits. */
export type Activations = 'f32' | 'integer' | 'int8';

/** In which form a loaded model keeps its weights, and how its layers of codes read their inputs. */
export interface LoadedForms extends Readonly<Record<SlotRole, WeightForm>> {
  /** `f32` as well where no layer has codes. */
  readonly activations: Activations;
}

const FORMS = ['f32', 'f16', 'bf16', 'q8', 'q4'] as const;
const aForm: Kind = oneOf(...FORMS);

/** The kind of the option `dtype`. */
export const aWeightDtype: Kind = {
  expected: '"f32", "f16", "bf16", "q8", "q4", or { linear, embeddings } of these',
  test: (value) =>
    aForm.test(value) || (anObject.test(value) && Object.entries(value as object).every(isRoleForm)),
};

function isRoleForm([role, form]: readonly [string, unknown]): boolean {
  return ['linear', 'embeddings'].includes(role) && (form === undefined || aForm.test(form));
}

/** The option `dtype` of loading: a form, or the one that suits the model and the machine (`autoDtype`). */
export type LoadDtype = WeightDtype | 'auto';

/** The kind of the option `dtype` of loading. */
export const aLoadDtype: Kind = {
  ...either(aWeightDtype, oneOf('auto')),
  expected: `"auto", ${aWeightDtype.expected}`,
};

/** How each form is laid out: a scale for each row of 8 bits, and for each 32 numbers of 4 bits. */
export const LAYOUTS = {
  f16: { bits: 16, float: 'f16' },
  bf16: { bits: 16, float: 'bf16' },
  q8: { bits: 8 },
  q4: { bits: 4, block: 32, zeroPoints: true },
} as const;

/** Whether a matrix is in a form. */
export function isInForm({ bits, float }: CodeFormat, form: keyof typeof LAYOUTS): boolean {
  const layout: { readonly bits: CodeBits; readonly float?: HalfForm } = LAYOUTS[form];
  return layout.bits === bits && layout.float === float;
}

/**
 * The form of a slot's weight; undefined where nothing is said of it. A sensitive weight has 8 bits where
 * others have 4; a weight without a role is never quantised.
 */
export function formOf(
  dtype: WeightDtype | undefined,
  { role, isSensitive }: Pick<Slot, 'role' | 'isSensitive'>,
): WeightForm | undefined {
  if (role === undefined) return 'f32';
  const form = typeof dtype === 'object' ? dtype[role] : dtype;
  return form === 'q4' && isSensitive ? 'q8' : form;
}

/** What the ops call each way to read inputs. */
const INPUTS: Readonly<Record<Activations, ActivationForm>> = {
  f32: 'float',
  integer: 'int12',
  int8: 'int8',
};

/** The kind of the option `activations`. */
export const anActivations: Kind = oneOf('f32', 'integer', 'int8');

/** How inputs are read in a layer whose weights have this format. Halves are multiplied with numbers. */
export function inputsOf(activations: Activations, { float }: CodeFormat): ActivationForm {
  return float === undefined ? INPUTS[activations] : 'float';
}

/** The option that makes layers read their inputs so. */
export function activationsOf(inputs: ExactActivationForm): Activations {
  return inputs === 'int12' ? 'integer' : 'f32';
}
