/**
 * Checkpoints of random weights: real sizes without a download, for tests and
 * measurements. Every tensor follows from the seed and its own name, so that
 * they are the same on every machine and in whatever order they are asked for.
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
  /** Class of the original. Default: that of the config. */
  readonly architecture?: string;
  /** How tensors are stored. Default f32. */
  readonly dtype?: 'f32' | 'f16';
}

const WHERE = 'models/randomCheckpoint';

const KINDS: OptionKinds<RandomOptions> = {
  seed: integer(),
  architecture: aString,
  dtype: oneOf('f32', 'f16'),
};

/** Standard deviation of matrices, as BERT and its kind are initialised with. */
const SPREAD = 0.02;

/**
 * A checkpoint of this config, its tensors made when they are asked for. Errors: `INVALID_ARGUMENT`, and
 * those of the family's `load`.
 *
 * @example
 * const model = await longformer.load(randomCheckpoint(longformer, LONGFORMER_PRESETS['longformer-base'], { seed: 1 }));
 */
export function randomCheckpoint(
  family: ModelFamily,
  config: JsonObject,
  options: RandomOptions = {},
): Checkpoint {
  checkArgument(WHERE, 'family', family, aFamily);
  checkArgument(WHERE, 'config', config, anObject);
  const { seed = 0, architecture, dtype = 'f32' } = checkOptions(WHERE, options, KINDS);
  // All that a model may have, it has.
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
  // Scales of normalisations are about 1.
  const centre = shape.length === 1 && name.endsWith('weight') ? 1 : 0;
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
