/** A whole model from a folder on one of our backends, as applications run it: by `run`, or by `encode`. */
import { createAttn, type Attn, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { loadModel, type LoadOptions, type TokenBatch } from '@attn/models/node';
import type { Subject, PreparedSubject } from '../contest/protocol.ts';
import { tokens } from '../longformer.ts';
import { makeBackend } from './attention.ts';

/**
 * Largest difference from plain JavaScript that f32 rounding explains after twelve layers, on normalised
 * states of about 1, where the subject says nothing else.
 */
const TOLERANCE = 1e-3;

/** In which form a model keeps its weights. */
type WeightOptions = Pick<LoadOptions, 'dtype' | 'activations'>;

/** Tokens that are computed in plain JavaScript too. */
const CHECKED_TOKENS = 64;

/**
 * Prepares the subject. `options` are the backend's, and `folder`, `tolerance`, `encodes` (it is run by
 * `encode`) and `form` (its weights are codes).
 */
export async function makeModel({ options, problem: spec }: Subject): Promise<PreparedSubject> {
  const { folder, encodes, tolerance = TOLERANCE, form = {}, ...backendOptions } = options;
  const backend = await makeBackend(backendOptions);
  const attn = await createAttn({ backends: [backend] });
  const model = await loadModel(String(folder), { attn, for: 'encode', ...(form as WeightOptions) });
  const batch = tokens(spec.n);
  return {
    run: (onProgress) => (encodes === true ? model.encode([idsOf(batch)]) : model.run(batch, { onProgress })),
    async check() {
      const { last_hidden_state: states } = await model.run(batch);
      if (!numbers(states).every(Number.isFinite)) throw new Error('a state is not finite');
      const error = await differenceFromPlain(String(folder), attn, form as WeightOptions);
      if (!(error <= Number(tolerance))) throw new Error(`the result is wrong by ${error}`);
      return error;
    },
    dispose: () => attn.dispose(),
  };
}

/** Greatest difference between a short row's states here and in plain JavaScript. */
async function differenceFromPlain(folder: string, attn: Attn, form: WeightOptions): Promise<number> {
  const plain = await createAttn({ backends: [cpu()] });
  const batch = tokens(CHECKED_TOKENS);
  const states: Float32Array[] = [];
  for (const where of [attn, plain]) {
    const model = await loadModel(folder, { attn: where, ...form });
    states.push(numbers((await model.run(batch)).last_hidden_state));
    model.dispose();
  }
  await plain.dispose();
  const [got, expected] = states;
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - got[i])), 0);
}

/** The ids of the only row. */
function idsOf({ inputIds }: TokenBatch): Int32Array {
  const { data } = inputIds as Tensor;
  if (data instanceof Int32Array) return data;
  throw new TypeError('expected i32');
}

function numbers({ data }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new TypeError('expected f32');
}
