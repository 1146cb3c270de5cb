/** What quantising costs a small model that is trained here: its vectors, and the words that it predicts. */
import { createAttn, type Attn, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { bertFamily, memoryCheckpoint, type ReadOptions } from '@attn/models';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compare, type Material, type Vector } from './measures.ts';
import { sentencesOf, trainMaskedLm, type MaskedSentence } from './trained-model.testing.ts';

const { config, tensors } = trainMaskedLm(300);
const checkpoint = memoryCheckpoint(config, tensors);
const next = sentencesOf(3);
const sentences = Array.from({ length: 240 }, next);

let attn: Attn;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu(), wasm(), onnx()] });
});
afterAll(() => attn.dispose());

/** The first output of the model for all sentences: logits, or the states of a model without a head. */
async function outputOf(
  architecture: string,
  options: Pick<ReadOptions, 'dtype' | 'activations'>,
  backend: string,
): Promise<Tensor> {
  const model = await bertFamily.load(checkpoint, { architecture, ...options });
  const data = Int32Array.from(sentences.flatMap(({ ids }) => ids));
  const inputIds: Tensor<'i32'> = { dtype: 'i32', shape: [sentences.length, 12], data };
  const { graph, inputs } = model.call({ inputIds });
  const outputs = await attn.run(graph, inputs, { backend });
  return outputs[model.outputs[0]];
}

/** The word that the model thinks most likely at the masked place. */
function predictionsOf({ shape, data }: Tensor): readonly number[] {
  const words = shape[2];
  return sentences.map(({ place }, i) => {
    const logits = [...data.subarray((12 * i + place) * words, (12 * i + place + 1) * words)];
    return logits.indexOf(Math.max(...logits));
  });
}

/** Mean states of sentences: 40 questions, 200 passages, and all in pairs. */
function materialOf({ shape, data }: Tensor): Material<Vector> {
  const width = shape[2];
  const texts = sentences.map((_, i) =>
    Float64Array.from({ length: width }, (_, c) => {
      let sum = 0;
      for (let token = 0; token < 12; token++) sum += data[(12 * i + token) * width + c];
      return sum / 12;
    }),
  );
  return {
    texts,
    pairs: texts.slice(0, 120).map((text, i) => [text, texts[239 - i]]),
    questions: texts.slice(0, 40),
    passages: texts.slice(40),
  };
}

const share = (list: readonly MaskedSentence[], isRight: (i: number) => boolean): number =>
  list.filter((_, i) => isRight(i)).length / list.length;

test('the model has learned its sentences', async () => {
  const words = predictionsOf(await outputOf('BertForMaskedLM', {}, 'cpu'));
  // By chance it is 1 in 214; the most frequent word of the right topic is right in about a third.
  expect(share(sentences, (i) => words[i] === sentences[i].word)).toBeGreaterThan(0.2);
});

test.each([
  [{ dtype: 'f16' }, 'wasm', 0.999999, 0.99, 0.99],
  [{ dtype: 'bf16' }, 'onnx', 0.99999, 0.98, 0.98],
  [{ dtype: 'q8' }, 'cpu', 0.9999, 0.98, 0.98],
  [{ dtype: 'q8', activations: 'integer' }, 'wasm', 0.9999, 0.98, 0.98],
  [{ dtype: 'q8', activations: 'int8' }, 'onnx', 0.9999, 0.96, 0.97],
  [{ dtype: 'q4' }, 'wasm', 0.998, 0.92, 0.87],
] as const)('%o on %s keeps vectors and words', async (options, backend, cosine, topTen, sameWord) => {
  const vectors = materialOf(await outputOf('BertModel', options, backend));
  const measures = compare(vectors, materialOf(await outputOf('BertModel', {}, 'cpu')));
  expect(measures.cosMean).toBeGreaterThan(cosine);
  expect(measures.topTen).toBeGreaterThan(topTen);
  expect(measures.spearman).toBeGreaterThan(topTen);
  const [words, exact] = [
    predictionsOf(await outputOf('BertForMaskedLM', options, backend)),
    predictionsOf(await outputOf('BertForMaskedLM', {}, 'cpu')),
  ];
  const agreement = share(sentences, (i) => words[i] === exact[i]);
  expect(agreement).toBeGreaterThan(sameWord);
});
