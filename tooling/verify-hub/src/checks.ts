/** What checks are made of: runs of a model, and the parts of their outputs that are published. */
import { Encoder, type LoadedModel, type TokenBatch } from '@attn/models/node';
import type { Tensor, Tensors } from '@attn/core';
import type { Check } from './check.ts';

/** Compares an output, or a part of it. */
export function output(
  what: string,
  name: string,
  batch: TokenBatch,
  part: (tensor: Tensor) => readonly number[],
  numbers: readonly number[],
  tolerance: { readonly atol: number; readonly rtol?: number } = { atol: 1e-4 },
): Check {
  return {
    what,
    expected: { numbers, ...tolerance },
    values: async (model) => part((await model.run(batch))[name]),
  };
}

/**
 * Compares the shape of an output; all of its numbers must be finite. For models of which no number is
 * published.
 */
export function finite(name: string, batch: TokenBatch, shape: readonly number[]): Check {
  return {
    what: `the shape of ${name}, and that all numbers are finite`,
    expected: { exactly: [...shape, 'finite'] },
    values: async (model) => {
      const { shape: own, data } = (await model.run(batch))[name];
      return [...own, Array.from(data).every(Number.isFinite) ? 'finite' : 'not finite'];
    },
  };
}

/** Compares how alike queries and documents are, as a model's card prints it. */
export function similarities(
  queries: readonly string[],
  documents: readonly string[],
  numbers: readonly number[],
): Check {
  return {
    what: 'how alike queries and documents are',
    expected: { numbers, atol: 2e-3 },
    values: async (model) => {
      if (!(model instanceof Encoder)) throw new TypeError(`${model.network.architecture} makes no vectors`);
      const [a, b] = [
        await model.encode(queries, { as: 'query' }),
        await model.encode(documents, { as: 'document' }),
      ];
      return model.similarity(a.embeddings, b.embeddings).data as Float32Array;
    },
  };
}

/** Compares a part of the outputs for a text. */
export function ofText(
  what: string,
  text: string,
  part: (outputs: Tensors) => readonly number[],
  numbers: readonly number[],
): Check {
  return {
    what,
    expected: { numbers, atol: 1e-4, rtol: 1e-4 },
    values: async (model) => {
      const { ids } = tokenizerOf(model).encode(text);
      return part(await model.run({ inputIds: [[...ids]] }));
    },
  };
}

/** Compares the ids of a text. */
export function tokens(text: string, ids: readonly number[]): Check {
  return {
    what: `tokens of ${JSON.stringify(text)}`,
    expected: { exactly: ids },
    values: async (model) => tokenizerOf(model).encode(text).ids,
  };
}

export function tokenizerOf({ tokenizer }: LoadedModel): NonNullable<LoadedModel['tokenizer']> {
  if (tokenizer === undefined) throw new Error('the checkpoint must have a tokenizer');
  return tokenizer;
}

/** Elements [0, from … from + size, from … from + size] of a tensor [1, rows, columns]. */
export const corner =
  (size: number, from = 0) =>
  ({ shape, data }: Tensor): readonly number[] =>
    Array.from({ length: size * size }, (_, i) => {
      const [row, column] = [from + Math.floor(i / size), from + (i % size)];
      return data[row * shape[2] + column];
    });

/** The sum of a tensor, and its mean. */
export const sumAndMean = ({ data }: Tensor): readonly number[] => {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  return [sum, sum / data.length];
};

/** The mean of −log softmax at the ids themselves, in float64. */
export function crossEntropy({ shape, data }: Tensor, ids: readonly number[]): number {
  const width = shape[2];
  const losses = ids.map((id, row) => {
    const logits = data.subarray(row * width, (row + 1) * width);
    let most = -Infinity;
    for (let i = 0; i < width; i++) most = Math.max(most, logits[i]);
    let sum = 0;
    for (let i = 0; i < width; i++) sum += Math.exp(logits[i] - most);
    return most + Math.log(sum) - logits[id];
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / ids.length;
}

/** The words that a masked language model finds most likely at the mask. */
export async function topWords(model: LoadedModel, text: string, count: number): Promise<readonly string[]> {
  const tokenizer = tokenizerOf(model);
  const { ids } = tokenizer.encode(text);
  const [maskId] = tokenizer.encode('<mask>').ids.slice(1, 2);
  const { logits } = await model.run({ inputIds: [[...ids]] });
  const width = logits.shape[2];
  const row = ids.indexOf(maskId);
  const scores = Array.from(logits.data.subarray(row * width, (row + 1) * width));
  const best = scores.map((_, id) => id).toSorted((a, b) => scores[b] - scores[a]);
  return best.slice(0, count).map((id) => tokenizer.decode([id]).trim());
}
