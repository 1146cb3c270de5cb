/** Checkpoints whose matrices become codes, or halves, as they are read or written. */
import { AttnError, type Tensor } from '@attn/core';
import {
  checkArgument,
  checkOptions,
  show,
  sizeOf,
  codesShape,
  scalesShape,
  zeroPointsShape,
  type Kind,
  type OptionKinds,
} from '@attn/core/backend';
import { aCheckpoint, someFamilies } from './argument-kinds.ts';
import { canonicalCheckpoint } from './checkpoint/canonical.ts';
import type { Checkpoint, StoredCodes } from './checkpoint/checkpoint.ts';
import { refuseForeignCode } from './checkpoint/foreign-code.ts';
import { numbersOf } from './checkpoint/quantized-weight.ts';
import { formatOf, quantizeTensor } from './checkpoint/read-codes.ts';
import {
  aWeightDtype,
  formOf,
  isInForm,
  type WeightDtype,
  type WeightForm,
} from './checkpoint/weight-dtype.ts';
import { widen } from './checkpoint/widen.ts';
import { FAMILIES, findFamily, type LazyFamily } from './families.ts';
import type { ModelFamily } from './model.ts';

/** Options of `quantizeCheckpoint`. */
export interface QuantizeCheckpointOptions {
  /** The form of matrices and tables, as in `loadModel`. */
  readonly dtype: WeightDtype;
  /** Families to choose from, by config.json. Default: all families of this package. */
  readonly families?: readonly (ModelFamily | LazyFamily)[];
}

const WHERE = 'models/quantizeCheckpoint';

const required: Kind = { ...aWeightDtype, isRequired: true };
const KINDS: OptionKinds<QuantizeCheckpointOptions> = { dtype: required, families: someFamilies };

/**
 * A view of a checkpoint whose matrices and tables are codes or halves, in the form in which `loadModel`
 * would keep them with this `dtype`. Nothing is read before it is asked for, and then one tensor at a time:
 * `writeCheckpoint` writes them to a folder, from which the model is loaded without quantising it again.
 * Tensors without a place in the model stay as they are. Disposing the view disposes the checkpoint.
 *
 * Errors: `UNSUPPORTED` (an unknown model, code of its own), `MALFORMED_FILE`, `INVALID_ARGUMENT`. When a
 * tensor is read: `MALFORMED_FILE` for a number that is not finite.
 *
 * @example
 * await using checkpoint = await openCheckpoint(folderStore('roberta-base'));
 * await writeCheckpoint('roberta-base-q8', await quantizeCheckpoint(checkpoint, { dtype: 'q8' }));
 */
export async function quantizeCheckpoint(
  source: Checkpoint,
  options: QuantizeCheckpointOptions,
): Promise<Checkpoint> {
  checkArgument(WHERE, 'checkpoint', source, aCheckpoint);
  const { dtype, families = FAMILIES } = checkOptions(WHERE, options, KINDS);
  const checkpoint = canonicalCheckpoint(source);
  refuseForeignCode(checkpoint);
  const { config, name } = checkpoint;
  const family = await findFamily(config, families);
  if (family === undefined) {
    const message = `${name} has the model_type ${show(config.model_type)}, which is that of no known family`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  // Of a tensor with several places, the first one counts, as when it is loaded.
  const forms = new Map<string, WeightForm | undefined>();
  for (const slot of family.slots(checkpoint)) {
    const own = checkpoint.listedName?.(slot.name) ?? slot.name;
    // What is never quantised stays as it is stored.
    if (!forms.has(own)) forms.set(own, slot.role === undefined ? undefined : formOf(dtype, slot));
  }
  return viewOf(checkpoint, forms);
}

function viewOf(inner: Checkpoint, forms: ReadonlyMap<string, WeightForm | undefined>): Checkpoint {
  const listedName = (name: string): string => inner.listedName?.(name) ?? name;
  const quantized = (name: string): StoredCodes | undefined => {
    const own = listedName(name);
    if (!inner.has(own)) return undefined;
    const [form, stored] = [forms.get(own), inner.quantized?.(own)];
    if (form === undefined) return stored;
    if (isNumbers(form)) return undefined;
    if (stored !== undefined && isInForm(stored, form)) return stored;
    const { format, hasZeroPoints } = formatOf(form, inner.spec(own).shape[1]);
    return { ...format, hasZeroPoints, read: (options = {}) => quantizeTensor(inner, own, form, options) };
  };
  /** The form that a tensor gets as numbers; undefined where it stays what it is, or becomes codes. */
  const numbersIn = (name: string): keyof typeof NUMBERS | undefined => {
    const own = listedName(name);
    const form = inner.has(own) ? forms.get(own) : undefined;
    if (form === undefined || !isNumbers(form)) return undefined;
    return inner.spec(own).fileDtype === NUMBERS[form].fileDtype ? undefined : form;
  };
  const isAsStored = (name: string): boolean =>
    numbersIn(name) === undefined && quantized(name) === undefined;
  return {
    ...inner,
    spec: (name) => {
      const { fileDtype, ...spec } = inner.spec(name);
      const codes = quantized(name);
      if (codes !== undefined) return { ...spec, byteLength: bytesOf(spec.shape, codes) };
      const form = numbersIn(name);
      if (form !== undefined) {
        const { fileDtype: own, bytes } = NUMBERS[form];
        return { ...spec, fileDtype: own, byteLength: bytes * sizeOf(spec.shape) };
      }
      return { ...spec, ...(fileDtype !== undefined && { fileDtype }) };
    },
    quantized,
    tensor: async (name) => {
      const form = numbersIn(name);
      const own = listedName(name);
      if (form === 'f32') return widen(name, await inner.tensor(name));
      const codes =
        form === undefined ? await quantized(name)?.read() : await quantizeTensor(inner, own, form);
      if (codes === undefined) return inner.tensor(name);
      const { dtype, shape, data } = numbersOf(codes, inner.spec(name).shape[1]);
      return { dtype, shape, data };
    },
    rows: (name, from, to) => (isAsStored(name) ? inner.rows?.(name, from, to) : undefined),
    lazyTensor: (name) => (isAsStored(name) ? inner.lazyTensor?.(name) : undefined),
    lazyBytes: (name) => (isAsStored(name) ? inner.lazyBytes?.(name) : undefined),
    bytes: async (name) => {
      const form = numbersIn(name);
      if (form === 'f32') return elementsOf(widen(name, await inner.tensor(name)));
      if (form !== undefined) return elementsOf((await quantizeTensor(inner, listedName(name), form)).codes);
      return isAsStored(name) ? inner.bytes?.(name) : undefined;
    },
  };
}

/** How numbers of each form are stored. */
const NUMBERS = {
  f32: { fileDtype: 'F32', bytes: 4 },
  f16: { fileDtype: 'F16', bytes: 2 },
  bf16: { fileDtype: 'BF16', bytes: 2 },
} as const;

function isNumbers(form: WeightForm): form is keyof typeof NUMBERS {
  return Object.hasOwn(NUMBERS, form);
}

function elementsOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Bytes of the codes, scales and zero points of a matrix. */
function bytesOf([rows, length]: readonly number[], format: StoredCodes): number {
  const scales = sizeOf(scalesShape(rows, length, format));
  const zeroPoints = format.hasZeroPoints ? sizeOf(zeroPointsShape(rows, length, format)) : 0;
  return sizeOf(codesShape(rows, length, format)) + 4 * scales + zeroPoints;
}
