/**
 * Checkpoints of random weights: real sizes without a download, for tests and measurements. Every tensor
 * follows from the seed and its own name, so it is the same on every machine and in any order of reading.
 */
import { type JsonObject, type Tensor } from '@attn/core';
import {
  anObject,
  aString,
  checkArgument,
  checkOptions,
  float32ToHalf,
  integer,
  mulberry32,
  oneOf,
  sizeOf,
  type OptionKinds,
} from '@attn/core/backend';
import { aFamily } from '../argument-kinds.ts';
import type { ModelFamily } from '../model.ts';
import type { Checkpoint } from './checkpoint.ts';
import { memoryCheckpoint } from './memory.ts';
import type { Slot } from './layout.ts';

/** Options of `randomCheckpoint`. */
export interface RandomOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Class of the original. Default: the class that the config names. */
  readonly architecture?: string;
  /** Dtype of the stored tensors. Default f32. */
  readonly dtype?: 'f32' | 'f16';
}

const WHERE = 'models/randomCheckpoint';

const KINDS: OptionKinds<RandomOptions> = {
  seed: integer(),
  architecture: aString,
  dtype: oneOf('f32', 'f16'),
};

/** Standard deviation of matrices, as in the initialisation of BERT. */
const SPREAD = 0.02;

/**
 * Makes a checkpoint of random weights for a config. Each tensor is made when it
 * is asked for. Errors: `INVALID_ARGUMENT`, and those of the family's `load`.
 *
 * @example
 * const config = LONGFORMER_PRESETS['longformer-base'];
 * const model = await longformerFamily.load(randomCheckpoint(longformerFamily, config, { seed: 1 }));
 */
export function randomCheckpoint(
  family: ModelFamily,
  config: JsonObject,
  options: RandomOptions = {},
): Checkpoint {
  checkArgument(WHERE, 'family', family, aFamily);
  checkArgument(WHERE, 'config', config, anObject);
  const { seed = 0, architecture, dtype = 'f32' } = checkOptions(WHERE, options, KINDS);
  // It has every tensor that the model may have.
  const slots = new Map(
    family.slots({ config, has: () => true }, architecture).map((slot) => [slot.name, slot]),
  );
  const bytes = dtype === 'f32' ? 4 : 2;
  const empty = memoryCheckpoint(config, new Map(), `random weights of ${family.name}`);
  return {
    ...empty,
    names: [...slots.keys()],
    has: (name) => slots.has(name),
    spec: (name) => {
      const slot = slots.get(name);
      return slot ? { shape: slot.shape, byteLength: sizeOf(slot.shape) * bytes } : empty.spec(name);
    },
    tensor: async (name) => {
      const slot = slots.get(name);
      return slot ? randomTensor(slot, seed, dtype) : empty.tensor(name);
    },
  };
}

function randomTensor({ name, shape }: Slot, seed: number, dtype: 'f32' | 'f16'): Tensor {
  const random = mulberry32(seedOf(name) ^ seed);
  // Scales of normalisations and of whole layers are about 1.
  const centre = shape.length === 1 && /(weight|scalar)$/.test(name) ? 1 : 0;
  const data = new Float32Array(sizeOf(shape));
  // The sum of three uniform numbers in [-1, 1) is bell-shaped with variance 1.
  for (let i = 0; i < data.length; i++) {
    data[i] = centre + SPREAD * (((random() + random() + random()) / 2 ** 32) * 2 - 3);
  }
  return dtype === 'f32' ? { dtype, shape, data } : { dtype, shape, data: float32ToHalf(data) };
}

/** FNV-1a over UTF-16 units. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
