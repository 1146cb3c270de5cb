/**
 * Turns slots into weights. Everything that does not fit is listed by name
 * in one error, before the first tensor is read. Large tensors on disk stay
 * there until a backend asks for them; the backend then holds the only copy.
 */
import { AttnError, type QuantizedMatrix, type Tensor } from '@attn/core';
import {
  aBoolean,
  aFunction,
  aSignal,
  lazyTensor,
  show,
  throwIfAborted,
  withCallbacks,
  type OptionKinds,
} from '@attn/core/backend';
import type { Checkpoint, ReadCodesOptions } from './checkpoint.ts';
import { halfFormOf } from './halves.ts';
import { fillIn, slotsOf, type Slot, type Weight, type Weights } from './layout.ts';
import { numbersOf } from './quantized-weight.ts';
import {
  anActivations,
  aWeightDtype,
  formOf,
  inputsOf,
  type Activations,
  type WeightDtype,
  type WeightForm,
} from './weight-dtype.ts';
import { widen, wrongDtype } from './widen.ts';

/** How far reading has come, in bytes of the files. */
export interface ReadProgress {
  readonly done: number;
  readonly total: number;
  /** The file that is being read, after its revision where that is not the model's own. */
  readonly file: string;
}

/** Options of reading. */
export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Called as tensors are read. An error that it throws ends the reading, which rejects with that error. */
  readonly onProgress?: (progress: ReadProgress) => void;
  /**
   * Read all weights now, and hold them beside the copies of the backends. Default false: large
   * weights in files on disk are read when a backend needs them; the files must not change until then.
   */
  readonly inMemory?: boolean;
  /**
   * The form in which matrices and tables of embeddings are kept, which they get as they are read: as numbers
   * of 32 bits (`f32`) or 16 (`f16`, `bf16`), or as codes of 8 bits (`q8`) or 4 bits (`q4`) with scales.
   * Default: as the files have them.
   */
  readonly dtype?: WeightDtype;
  /**
   * How layers of codes read their inputs: as they are; as integers of 12 bits with a scale for each row
   * (`integer`), which is faster on some backends and loses next to nothing; or as integers of 8 bits
   * (`int8`), which is faster on others, and loses more. Default `f32`; in `loadModel` what is fastest on the
   * backends of its `attn` (`Attn.fastestInputs`), and never `int8`.
   */
  readonly activations?: Activations;
}

/** Kinds of the options of reading. */
export const READ_OPTIONS: OptionKinds<ReadOptions> = {
  signal: aSignal,
  onProgress: aFunction,
  inMemory: aBoolean,
  dtype: aWeightDtype,
  activations: anActivations,
};

/** Names of other tensors that a checkpoint may hold, such as heads that nobody asks for. */
export interface Tolerated {
  readonly ignored?: readonly RegExp[];
}

const WHERE = 'models/weights';

/** Weights of at least this many bytes are read later: a page of memory, which no bias fills. */
const LARGE_BYTES = 4096;

/** Most names that are listed for each kind of fault. */
const LISTED = 20;

/**
 * Checks a checkpoint against a layout and reads the tensors that the
 * layout names, each once: as codes or halves, or widened to f32.
 *
 * Errors: `MALFORMED_FILE` with all missing, unknown and wrongly shaped
 * tensors; `INVALID_DTYPE` for a tensor of integers or booleans; `ABORTED`.
 */
export async function readWeights<L extends object>(
  checkpoint: Checkpoint,
  layout: L,
  { ignored = [], signal, onProgress, ...forms }: Tolerated & ReadOptions = {},
): Promise<Weights<L>> {
  const slots = slotsOf(layout);
  checkNames(checkpoint, slots, ignored);
  return withCallbacks({ onProgress }, signal, async (callbacks, stop) =>
    fillIn(layout, await readSlots(checkpoint, slots, { ...forms, ...callbacks, signal: stop })),
  );
}

async function readSlots(
  checkpoint: Checkpoint,
  slots: readonly Slot[],
  { onProgress, ...options }: ReadOptions,
): Promise<ReadonlyMap<string, Weight>> {
  const weights = new Map<string, Weight>();
  const unique = new Map<string, Slot>();
  for (const slot of slots) {
    const name = listedName(checkpoint, slot.name);
    if (!unique.has(name)) unique.set(name, slot);
  }
  const total = [...unique.keys()].reduce((sum, name) => sum + checkpoint.spec(name).byteLength, 0);
  let done = 0;
  let file = checkpoint.name;
  const endReading = checkpoint.readAhead?.([...unique.keys()]);
  try {
    for (const [name, slot] of unique) {
      throwIfAborted(options.signal, WHERE);
      const { byteLength, file: own } = checkpoint.spec(name);
      file = own ?? file;
      onProgress?.({ done, total, file });
      weights.set(name, await readWeight(checkpoint, name, slot, options));
      done += byteLength;
    }
  } finally {
    endReading?.();
  }
  onProgress?.({ done, total, file });
  return new Map(
    slots.flatMap(({ name }): [string, Weight][] => {
      const weight = weights.get(listedName(checkpoint, name));
      return weight === undefined ? [] : [[name, weight]];
    }),
  );
}

async function readWeight(
  checkpoint: Checkpoint,
  name: string,
  slot: Slot,
  { signal, inMemory, dtype, activations = 'f32' }: ReadOptions,
): Promise<Weight> {
  const form = formOf(dtype, slot);
  const codes = await codesOf(checkpoint, name, form, { signal, inMemory });
  if (codes !== undefined) {
    const quantized = { ...codes, inputs: inputsOf(activations, codes) };
    return { name, tensor: numbersOf(codes, slot.shape[1]), quantized };
  }
  const isLater = !inMemory && checkpoint.spec(name).byteLength >= LARGE_BYTES;
  const later = isLater ? await checkpoint.lazyTensor?.(name) : undefined;
  const tensor = later === undefined ? widen(name, await checkpoint.tensor(name)) : widenLater(name, later);
  return { name, tensor };
}

/** The codes of a tensor, if it has or gets some. The code for that is loaded when it does. */
async function codesOf(
  checkpoint: Checkpoint,
  name: string,
  form: WeightForm | undefined,
  options: ReadCodesOptions,
): Promise<QuantizedMatrix | undefined> {
  const hasHalves = halfFormOf(checkpoint.spec(name).fileDtype) !== undefined;
  if (form === undefined && checkpoint.quantized === undefined && !hasHalves) return undefined;
  const { readCodes } = await import('./read-codes.ts');
  return readCodes(checkpoint, name, form, options);
}

/** The one name of a tensor, so that no tensor is read twice. */
function listedName(checkpoint: Checkpoint, name: string): string {
  return checkpoint.listedName?.(name) ?? name;
}

function checkNames(checkpoint: Checkpoint, slots: readonly Slot[], ignored: readonly RegExp[]): void {
  const expected = new Map(slots.map((slot) => [slot.name, slot]));
  const missing = [...expected.keys()].filter((name) => !checkpoint.has(name));
  const misshapen = [...expected.values()].flatMap(({ name, shape }) => {
    if (!checkpoint.has(name)) return [];
    const { shape: got } = checkpoint.spec(name);
    return got.join() === shape.join() ? [] : [`${name} must be ${show(shape)}, got ${show(got)}`];
  });
  const used = new Set(slots.map(({ name }) => listedName(checkpoint, name)));
  const extra = checkpoint.names.filter(
    (name) => !used.has(name) && !ignored.some((pattern) => pattern.test(name)),
  );
  const faults = [
    ...listed('is missing', 'are missing', missing),
    ...listed('has no place in the model', 'have no place in the model', extra),
    ...listed('has a wrong shape', 'have wrong shapes', misshapen, '; '),
  ];
  if (faults.length === 0) return;
  throw new AttnError(
    'MALFORMED_FILE',
    WHERE,
    `the tensors of ${checkpoint.name} must be those of its config.json, but ${faults.join('; and ')}`,
  );
}

function listed(singular: string, plural: string, names: readonly string[], separator = ', '): string[] {
  if (names.length === 0) return [];
  const list = names.slice(0, LISTED).join(separator);
  const rest = names.length > LISTED ? `${separator}… (${names.length} in all)` : '';
  return [`${names.length === 1 ? `1 ${singular}` : `${names.length} ${plural}`}: ${list}${rest}`];
}

function widenLater(name: string, stored: Tensor): Tensor<'f32'> {
  const { dtype, shape } = stored;
  if (dtype === 'f32') return stored as Tensor<'f32'>;
  if (dtype !== 'f16') throw wrongDtype(name, dtype);
  return lazyTensor({ dtype: 'f32', shape }, () => widen(name, stored).data);
}
