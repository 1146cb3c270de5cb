/** Checkpoints whose matrices become codes as they are read or written. */
import { AttnError } from '@attn/core';
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
  LAYOUTS,
  type WeightDtype,
  type WeightForm,
} from './checkpoint/weight-dtype.ts';
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
 * A view of a checkpoint whose matrices and tables are codes, in the form in which `loadModel` would keep
 * them with this `dtype`. Nothing is read before it is asked for, and then one tensor at a time:
 * `writeCheckpoint` writes the codes to a folder, from which the model is loaded without quantising it again.
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
    if (!forms.has(own)) forms.set(own, formOf(dtype, slot));
  }
  return viewOf(checkpoint, forms);
}

function viewOf(inner: Checkpoint, forms: ReadonlyMap<string, WeightForm | undefined>): Checkpoint {
  const listedName = (name: string): string => inner.listedName?.(name) ?? name;
  const quantized = (name: string): StoredCodes | undefined => {
    const own = listedName(name);
    if (!inner.has(own)) return undefined;
    const [form, stored] = [forms.get(own), inner.quantized?.(own)];
    if (form === 'f32') return undefined;
    if (form === undefined || LAYOUTS[form].bits === stored?.bits) return stored;
    const { format, hasZeroPoints } = formatOf(form, inner.spec(own).shape[1]);
    return { ...format, hasZeroPoints, read: (options = {}) => quantizeTensor(inner, own, form, options) };
  };
  return {
    ...inner,
    spec: (name) => {
      const { fileDtype, ...spec } = inner.spec(name);
      const codes = quantized(name);
      if (codes !== undefined) return { ...spec, byteLength: bytesOf(spec.shape, codes) };
      return { ...spec, ...(fileDtype !== undefined && { fileDtype }) };
    },
    quantized,
    tensor: async (name) => {
      const codes = quantized(name);
      if (codes === undefined) return inner.tensor(name);
      const { dtype, shape, data } = numbersOf(await codes.read(), inner.spec(name).shape[1]);
      return { dtype, shape, data };
    },
    rows: (name, from, to) => (quantized(name) ? undefined : inner.rows?.(name, from, to)),
    lazyTensor: (name) => (quantized(name) ? undefined : inner.lazyTensor?.(name)),
    bytes: async (name) => (quantized(name) ? undefined : inner.bytes?.(name)),
  };
}

/** Bytes of the codes, scales and zero points of a matrix. */
function bytesOf([rows, length]: readonly number[], format: StoredCodes): number {
  const scales = sizeOf(scalesShape(rows, length, format));
  const zeroPoints = format.hasZeroPoints ? sizeOf(zeroPointsShape(rows, length, format)) : 0;
  return sizeOf(codesShape(rows, length, format)) + 4 * scales + zeroPoints;
}
