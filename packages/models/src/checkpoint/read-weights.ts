/** From slots to weights: everything that does not fit is listed by name in one error, before the first tensor is read. */
import { AttnError, halfToFloat32, show, throwIfAborted, type Tensor } from '@attn/core';
import type { Checkpoint } from './checkpoint.ts';
import { fillIn, slotsOf, type Slot, type Weight, type Weights } from './layout.ts';

/** How far reading has come, in bytes as stored. */
export interface ReadProgress {
  readonly done: number;
  readonly total: number;
}

/** Options of reading. */
export interface ReadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReadProgress) => void;
}

/** What else a checkpoint may hold: buffers, and heads of other architectures. */
export interface Tolerated {
  readonly ignored?: readonly RegExp[];
}

const WHERE = 'models/weights';

/** Names listed per kind of fault. */
const LISTED = 20;

/**
 * Checks a checkpoint against a layout and reads the tensors that it names, each once, widened to f32.
 * @throws AttnError `MALFORMED_FILE` with all missing, unknown and wrongly shaped tensors; `INVALID_DTYPE` for a tensor that is
 * not of numbers with a fraction; `ABORTED`
 */
export async function readWeights<L extends object>(
  checkpoint: Checkpoint,
  layout: L,
  { ignored = [], signal, onProgress }: Tolerated & ReadOptions = {},
): Promise<Weights<L>> {
  const slots = slotsOf(layout);
  checkNames(checkpoint, slots, ignored);
  const read = new Map<string, Weight>();
  const names = [...new Set(slots.map(({ name }) => name))];
  const total = names.reduce((sum, name) => sum + checkpoint.spec(name).byteLength, 0);
  let done = 0;
  for (const name of names) {
    throwIfAborted(signal, WHERE);
    onProgress?.({ done, total });
    read.set(name, { name, tensor: widen(name, await checkpoint.tensor(name)) });
    done += checkpoint.spec(name).byteLength;
  }
  onProgress?.({ done, total });
  return fillIn(layout, read);
}

function checkNames(checkpoint: Checkpoint, slots: readonly Slot[], ignored: readonly RegExp[]): void {
  const expected = new Map(slots.map((slot) => [slot.name, slot]));
  const missing = [...expected.keys()].filter((name) => !checkpoint.has(name));
  const misshapen = [...expected.values()].flatMap(({ name, shape }) => {
    if (!checkpoint.has(name)) return [];
    const { shape: got } = checkpoint.spec(name);
    return got.join() === shape.join() ? [] : [`${name} must be ${show(shape)}, got ${show(got)}`];
  });
  const extra = checkpoint.names.filter(
    (name) => !expected.has(name) && !ignored.some((pattern) => pattern.test(name)),
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

function listed(one: string, many: string, names: readonly string[], separator = ', '): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, LISTED).join(separator);
  const rest = names.length > LISTED ? `${separator}… (${names.length} in all)` : '';
  return [`${names.length === 1 ? `1 ${one}` : `${names.length} ${many}`}: ${shown}${rest}`];
}

function widen(name: string, { dtype, shape, data }: Tensor): Tensor<'f32'> {
  if (dtype === 'f32' && data instanceof Float32Array) return { dtype, shape, data };
  if (dtype === 'f16' && data instanceof Uint16Array) {
    return { dtype: 'f32', shape, data: halfToFloat32(data) };
  }
  throw new AttnError(
    'INVALID_DTYPE',
    WHERE,
    `${name} must be stored as F32, F16, BF16 or F64, got ${dtype}`,
  );
}
