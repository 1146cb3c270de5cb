// Whole folders of sentence-transformers, from texts to vectors, similarities and scores of the original.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isInPart } from '@attn/conformance';
import { createAttn, type Attn, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { parseSafetensors } from '@attn/safetensors';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EncodeOptions } from '../encode/options.ts';
import { folderStore } from '../files/folder-store.ts';
import { loadFrom } from '../load.ts';
import { Encoder } from '../loaded/encoder.ts';
import type { PairScorer } from '../loaded/pair-scorer.ts';
import type { SparseEncoder } from '../loaded/sparse-encoder.ts';
import { goldenCases, tensorsOf, type GoldenCase } from '../testing/golden-sets.testing.ts';
import { quantizeEmbeddings, type Precision } from './quantize.ts';
import type { ComparedVectors } from './similarity.ts';
import type { SparseVector } from './sparse-vector.ts';

type Tensors = ReadonlyMap<string, Tensor>;

let attn: Attn;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu(), wasm(), onnx(), webgpu()] });
});
afterAll(() => attn.dispose());

const onWarning = (): void => {};

/** The backends of a case: cpu, and by its id one other; in a whole run all. */
function backendsOf(id: string): readonly string[] {
  const others = ['wasm', 'onnx'];
  if (process.env.ATTN_SUITE === 'whole') return ['cpu', ...others, 'webgpu'];
  return ['cpu', ...others.filter((_, part) => isInPart({ part, of: others.length }, id))];
}

/** Rows of cases, for `test.each`. */
function rowsOf(cases: readonly GoldenCase[]): readonly (readonly [string, string, GoldenCase])[] {
  return cases.flatMap((golden) => backendsOf(golden.id).map((name) => [golden.id, name, golden] as const));
}

async function load(golden: GoldenCase): Promise<Encoder | SparseEncoder> {
  const { splade } = golden.config as unknown as SentenceConfig;
  return loadFrom(folderStore(golden.folder), { attn, for: splade ? 'encodeSparse' : 'encode' });
}

const loadEncoder = ({ folder }: GoldenCase): Promise<Encoder> =>
  loadFrom(folderStore(folder), { attn, for: 'encode' });

const loadScorer = ({ folder }: GoldenCase): Promise<PairScorer> =>
  loadFrom(folderStore(folder), { attn, for: 'rank' });

function expectClose(got: Tensor | undefined, expected: Tensor | undefined, atol: number): void {
  if (got === undefined || expected === undefined) throw new Error('a tensor is missing');
  expect(got.shape).toEqual(expected.shape);
  const differences = Array.from(got.data, (value, i) => Math.abs(value - expected.data[i]));
  const worst = differences.reduce((most, value) => Math.max(most, value), 0);
  expect(worst).toBeLessThanOrEqual(atol);
}

function denseOf(vectors: readonly SparseVector[], width: number): Tensor {
  const data = new Float32Array(vectors.length * width);
  for (const [row, { indices, values }] of vectors.entries())
    for (const [i, index] of indices.entries()) data[row * width + index] = values[i];
  return { dtype: 'f32', shape: [vectors.length, width], data };
}

interface TextSet {
  readonly texts: readonly string[];
  readonly via: 'encode' | 'encode_query' | 'encode_document';
  readonly prompt?: string;
}

interface SentenceConfig {
  readonly kind: 'sentence' | 'cross_encoder';
  readonly sets: Readonly<Record<string, TextSet>>;
  readonly splade?: object;
  readonly normalize_embeddings: boolean;
  readonly pairs: readonly (readonly [string, string])[];
  readonly rank: { readonly query: string; readonly documents: readonly string[] } | null;
}

const sentences = goldenCases('classic', 'sentence');
const configOf = (golden: GoldenCase) => golden.config as unknown as SentenceConfig;

describe('texts become the original’s vectors', () => {
  const cases = sentences.filter((golden) => configOf(golden).kind === 'sentence');

  test.each(rowsOf(cases))('%s on %s', async (id, backend, golden) => {
    const [model, tensors] = await Promise.all([load(golden), tensorsOf(golden)]);
    const { sets, normalize_embeddings: normalize } = configOf(golden);
    const { atol } = golden.tolerance;
    const vectors = new Map<string, ComparedVectors>();
    for (const [name, { texts, via, prompt }] of Object.entries(sets)) {
      const as = via === 'encode' ? undefined : via === 'encode_query' ? 'query' : 'document';
      const options = { backend, onWarning, as, prompt } as const;
      const expected = tensors.get(`out.embeddings.${name}`);
      if (id === 'lasttoken_left') {
        // Its positions run over padding on the left, so results depend on the batch: its own tokens.
        const { sentence_embedding: embeddings } = await model.run(batchOf(tensors, name), { backend });
        expectClose(embeddings, expected, atol);
        vectors.set(name, embeddings);
      } else if (!(model instanceof Encoder)) {
        const result = await model.encodeSparse(texts, options);
        expectClose(denseOf(result.vectors, result.width), expected, atol);
        vectors.set(name, result.vectors);
      } else {
        const { embeddings } = await model.encode(texts, { ...options, normalize });
        expectClose(embeddings, expected, atol);
        vectors.set(name, embeddings);
      }
    }
    for (const [name, expected] of tensors) {
      const [, a, b] = /^out\.similarity\.(\w+)\.(\w+)$/.exec(name) ?? [];
      if (a === undefined) continue;
      // The sums of SPLADE's vectors are hundreds.
      const scale = Math.max(1, ...expected.data.map(Math.abs));
      expectClose(model.similarity(vectors.get(a) ?? [], vectors.get(b) ?? []), expected, atol * scale);
    }
  });

  test.each(cases.map((golden) => [golden.id, golden] as const))('%s: tokens', async (id, golden) => {
    const [model, tensors] = await Promise.all([load(golden), tensorsOf(golden)]);
    if (!(model instanceof Encoder)) return expect(model.settings.sentence?.pipeline.kind).toBe('sparse');
    for (const [name, { texts, via, prompt }] of Object.entries(configOf(golden).sets)) {
      const as = via === 'encode' ? undefined : via === 'encode_query' ? 'query' : 'document';
      const options = { pooling: 'none', backend: 'cpu', onWarning, as, prompt } as const;
      const { tokenized } = await model.encode(texts, options);
      const { inputIds, attentionMask } = batchOf(tensors, name);
      const [, length] = inputIds.shape;
      for (const [row, { ids }] of tokenized.entries()) {
        const counts = (_: number, i: number): boolean => attentionMask.data[row * length + i] === 1;
        const expected = Array.from(inputIds.data.subarray(row * length, (row + 1) * length)).filter(counts);
        expect(ids).toEqual(expected);
      }
    }
    expect(id).toBe(golden.id);
  });
});

/** The tokens of a set. */
function batchOf(
  tensors: Tensors,
  name: string,
): { inputIds: Tensor; attentionMask: Tensor; tokenTypeIds?: Tensor } {
  const [inputIds, attentionMask, tokenTypeIds] = ['input_ids', 'attention_mask', 'token_type_ids'].map(
    (input) => tensors.get(`aux.${input}.${name}`),
  );
  if (inputIds === undefined || attentionMask === undefined) throw new Error(`no tokens of ${name}`);
  return { inputIds, attentionMask, ...(tokenTypeIds && { tokenTypeIds }) };
}

describe('pairs get the original’s scores', () => {
  const cases = sentences.filter((golden) => configOf(golden).kind === 'cross_encoder');

  test.each(rowsOf(cases))('%s on %s', async (_id, backend, golden) => {
    const [model, tensors] = await Promise.all([loadScorer(golden), tensorsOf(golden)]);
    const { pairs, rank } = configOf(golden);
    const { atol } = golden.tolerance;
    const options = { backend, onWarning };
    const { scores, logits, tokens } = await model.predict(pairs, options);
    expectClose(logits, tensors.get('out.logits'), atol);
    expectClose(scores, tensors.get('out.scores'), atol);
    const mask = tensors.get('aux.attention_mask');
    const [, length] = mask?.shape ?? [];
    expect(tokens).toEqual(
      pairs.map(
        (_, i) => Array.from(mask?.data.subarray(i * length, (i + 1) * length) ?? []).lastIndexOf(1) + 1,
      ),
    );
    const softmax = tensors.get('out.softmax');
    if (softmax)
      expectClose((await model.predict(pairs, { ...options, activation: 'softmax' })).scores, softmax, atol);
    if (rank === null) {
      const ranking = model.rank('a', ['b'], options);
      await expect(ranking).rejects.toMatchObject({ code: 'UNSUPPORTED' });
      return;
    }
    const ranked = await model.rank(rank.query, rank.documents, options);
    expect(ranked.map(({ index }) => index)).toEqual(Array.from(tensors.get('out.rank_ids')?.data ?? []));
    const rankScores = Float32Array.from(ranked, ({ score }) => score);
    expectClose(
      { dtype: 'f32', shape: [ranked.length], data: rankScores },
      tensors.get('out.rank_scores'),
      atol,
    );
    const [best] = await model.rank(rank.query, rank.documents, { ...options, topK: 1 });
    expect(best).toEqual(ranked[0]);
    expect(best.document).toBe(rank.documents[best.index]);
  });
});

describe('prompts, dimensions and bytes are the original’s', () => {
  interface Texts {
    readonly texts: readonly string[];
    readonly first_prompt: string | null;
    readonly prompt_given: string;
  }

  test.each(rowsOf(goldenCases('today', 'st')))('%s on %s', async (_id, backend, golden) => {
    const [model, tensors] = await Promise.all([loadEncoder(golden), tensorsOf(golden)]);
    const {
      texts,
      first_prompt: firstPrompt,
      prompt_given: prompt,
    }: Texts = JSON.parse(await readFile(join(golden.folder, 'texts.json'), 'utf8'));
    const first = firstPrompt === null ? {} : { promptName: firstPrompt };
    const compare = async (name: string, options: EncodeOptions): Promise<void> => {
      const { embeddings } = await model.encode(texts, {
        backend,
        onWarning,
        ...options,
        chunks: undefined,
        pooling: undefined,
      });
      expectClose(embeddings, tensors.get(`out.${name}`), golden.tolerance.atol);
    };
    for (const promptName of golden.config.prompt_names as readonly (string | null)[])
      await compare(`embeddings.${promptName ?? 'default'}`, promptName === null ? {} : { promptName });
    await compare('encode_query', { as: 'query' });
    await compare('encode_document', { as: 'document' });
    await compare('prompt_given', { prompt });
    for (const dimensions of golden.config.truncate_dims as readonly number[]) {
      await compare(`truncate_${dimensions}`, { ...first, dimensions });
      await compare(`truncate_${dimensions}_normalized`, { ...first, dimensions, normalize: true });
    }
    for (const quantize of ['int8', 'uint8', 'binary', 'ubinary'] as const) {
      const { quantized } = await model.encode(texts, { backend, onWarning, ...first, quantize });
      const expected = tensors.get(`out.${quantize}`);
      expect(quantized.shape).toEqual(expected?.shape);
      // The ends of ranges fall on integers.
      const atol = quantize.endsWith('int8') ? 1 : 0;
      for (const [i, value] of quantized.data.entries())
        expect(Math.abs(value - (expected?.data[i] ?? NaN))).toBeLessThanOrEqual(atol);
    }
    const { states, tokenized } = await model.encode(texts, {
      backend,
      onWarning,
      ...first,
      pooling: 'none',
    });
    const [mask, expected] = ['aux.attention_mask', 'out.token_embeddings'].map((name) => tensors.get(name));
    const [, length, width] = expected?.shape ?? [];
    for (const [row, { shape, data }] of states.entries()) {
      const start = mask?.data.subarray(row * length, (row + 1) * length).indexOf(1) ?? -1;
      const from = (row * length + start) * width;
      const part = Float32Array.from(expected?.data.subarray(from, from + data.length) ?? []);
      expectClose({ dtype: 'f32', shape, data }, { dtype: 'f32', shape, data: part }, golden.tolerance.atol);
      expect(tokenized[row].ids).toHaveLength(shape[0]);
    }
  });
});

describe('bytes and bits are the original’s', () => {
  test.each(goldenCases('today', 'quantize').map((golden) => [golden.id, golden] as const))(
    '%s',
    async (_id, golden) => {
      const tensors = await tensorsOf(golden);
      const [embeddings, ranges] = ['in.embeddings', 'in.ranges'].map((name) => tensors.get(name));
      if (embeddings === undefined) throw new Error('no embeddings');
      for (const precision of ['int8', 'uint8', 'binary', 'ubinary'] satisfies Precision[]) {
        const { shape, data } = quantizeEmbeddings(embeddings, precision, { ranges });
        const expected = tensors.get(`out.${precision}`);
        expect([shape, Array.from(data)]).toEqual([expected?.shape, Array.from(expected?.data ?? [])]);
      }
    },
  );
});

// The weights of a real model, where there are any.
const real = process.env.ATTN_GOLDENS ? join(process.env.ATTN_GOLDENS, 'minilm') : '';
const realFolders = [join(real, 'model')].filter((folder) => real !== '' && existsSync(folder));

describe.each(realFolders)('%s', (folder) => {
  const json = async (name: string) => JSON.parse(await readFile(join(real, name), 'utf8'));
  const tensors = async (name: string): Promise<Tensors> =>
    parseSafetensors(await readFile(join(real, name))).tensors;

  test('vectors of sentences, cut at 256 tokens or at 512', async () => {
    const model = await loadFrom(folderStore(folder), { attn, for: 'encode' });
    const { sentences: rows } = (await json('sentences.json')) as {
      sentences: { text: string; ids: number[] }[];
    };
    const expected = await tensors('sentences.safetensors');
    const { embeddings, tokens } = await model.encode(
      rows.map(({ text }) => text),
      { backend: 'wasm', onWarning },
    );
    expect(tokens).toEqual(rows.map(({ ids }) => ids.length));
    expectClose(embeddings, expected.get('out.embeddings'), 2e-5);
    const long = Array.from(expected.get('aux.rows_512')?.data ?? [], (row) => rows[row].text);
    const longer = await model.encode(long, { backend: 'wasm', onWarning, maxLength: 512 });
    expectClose(longer.embeddings, expected.get('out.embeddings_512'), 2e-5);
  }, 300_000);

  test('the ten passages that fit each question best', async () => {
    const model = await loadFrom(folderStore(folder), { attn, for: 'encode' });
    const { passages, questions, top10 } = (await json('retrieval.json')) as {
      readonly passages: readonly string[];
      readonly questions: readonly string[];
      readonly top10: readonly (readonly number[])[];
    };
    const [p, q] = await Promise.all(
      [passages, questions].map((texts) => model.encode(texts, { backend: 'wasm', onWarning })),
    );
    const { data } = model.similarity(q.embeddings, p.embeddings);
    const best = questions.map((_, i) => {
      const scores = data.subarray(i * passages.length, (i + 1) * passages.length);
      return Array.from(scores.keys())
        .toSorted((a, b) => scores[b] - scores[a])
        .slice(0, 10);
    });
    expect(best).toEqual(top10);
  }, 300_000);
});
