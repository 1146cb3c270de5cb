// What no golden of the original shows: which tokens see which, where questions end, and refused inputs.
import { createAttn, f32, planAttention, zeros, type Graph, type JsonObject, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import type { EncoderModel } from '../encoder/encoder-model.ts';
import { folderStore } from '../files/folder-store.ts';
import { loadFrom } from '../load.ts';
import type { TokenBatch } from '../model.ts';
import { goldenCases, goldenOfCase, type GoldenCase } from '../testing/golden-sets.testing.ts';
import { referenceOutputs } from '../testing/goldens.testing.ts';
import { readBigBirdConfig } from './config.ts';
import { bigBirdFamily } from './index.ts';
import { BIGBIRD_PRESETS } from './presets.ts';

const cases = goldenCases('classic', 'bigbird');
const caseOf = (id: string): GoldenCase => {
  const match = cases.find((golden) => golden.id === id);
  if (match === undefined) throw new Error(`there is no case ${id}`);
  return match;
};
// Blocks of 4 and one random block: up to 28 tokens every token sees every token.
const { checkpoint } = await goldenOfCase(caseOf('bigbird_just_long'));
const qa = await goldenOfCase(caseOf('bigbird_qa'));

const withConfig = (fields: JsonObject): Promise<EncoderModel> =>
  bigBirdFamily.load({ ...checkpoint, config: { ...checkpoint.config, ...fields } });

const outputsOf = (model: EncoderModel, batch: TokenBatch): Readonly<Record<string, Tensor>> => {
  const { graph, inputs } = model.call(batch);
  return referenceOutputs(graph, inputs);
};

const attentions = ({ nodes }: Graph): number => nodes.filter(({ op }) => op === 'attention').length;

describe('blocks', () => {
  test('each call decides by itself whether it has them', async () => {
    const model = await bigBirdFamily.load(checkpoint);
    const counts = [29, 28, 29].map((length) => attentions(model.fixedGraph({ batch: 1, length })));
    expect(counts).toEqual([4, 2, 4]);
    const full = await withConfig({ attention_type: 'original_full' });
    expect(attentions(full.fixedGraph({ batch: 1, length: 38 }))).toBe(2);
  });

  test('a token is seen from its block, its neighbours, and the first and the last block', async () => {
    const tensors = new Map<string, Tensor>();
    for (const name of checkpoint.names)
      if (!name.includes('layer.1')) tensors.set(name, await checkpoint.tensor(name));
    const config = { ...checkpoint.config, num_hidden_layers: 1 };
    const model = await bigBirdFamily.load(memoryCheckpoint(config, tensors));
    const ids = Array.from({ length: 38 }, (_, i) => 5 + ((i * 7) % 80));
    const rows = (list: readonly number[]): readonly string[] => {
      const { data } = outputsOf(model, { inputIds: [list] }).last_hidden_state;
      return ids.map((_, i) => data.subarray(i * 32, (i + 1) * 32).join());
    };
    const before = rows(ids);
    const influenced = (at: number): number[] => {
      const after = rows(ids.with(at, 90));
      return ids.flatMap((_, i) => (after[i] === before[i] ? [] : [i]));
    };
    const range = (from: number, to: number): number[] =>
      Array.from({ length: to - from }, (_, i) => from + i);
    expect(influenced(17)).toEqual([...range(0, 4), ...range(12, 24), 36, 37]);
    expect(influenced(2)).toEqual(range(0, 38));
    expect(influenced(37)).toEqual(range(0, 38));
  });

  test('texts of all lengths in one call have the vectors that they have alone', async () => {
    await using attn = await createAttn({ backends: [cpu()] });
    await using model = await loadFrom(folderStore(caseOf('bigbird_just_long').folder), {
      attn,
      for: 'encode',
    });
    const lengths = [3, 17, 26, 28, 29, 31, 33, 36, 38];
    const texts = lengths.map((length) => Array.from({ length }, (_, i) => 5 + ((i * 7 + length) % 80)));
    const { embeddings } = await model.encode(texts, { pooling: 'cls' });
    for (const [row, ids] of texts.entries()) {
      const { data } = outputsOf(await bigBirdFamily.load(checkpoint), { inputIds: [ids] }).last_hidden_state;
      const worst = Array.from({ length: 32 }, (_, i) =>
        Math.abs(Number(data[i]) - Number(embeddings.data[row * 32 + i])),
      );
      expect(Math.max(...worst)).toBeLessThan(2e-5);
    }
  });

  test('cost what they hold', async () => {
    const length = 4096;
    const slim = { ...BIGBIRD_PRESETS['bigbird-base'], num_hidden_layers: 1, vocab_size: 67 };
    const model = await bigBirdFamily.load(randomCheckpoint(bigBirdFamily, slim));
    const { nodes } = model.fixedGraph({ batch: 1, length });
    const pairs = nodes.reduce((sum, { op, attributes }) => {
      if (op !== 'attention' || !('pattern' in attributes)) return sum;
      const sizes = { batch: 1, heads: 1, queryLength: length, keyLength: length, queryOffset: 0 };
      return sum + planAttention(sizes, attributes.pattern).stats.computedPairs;
    }, 0);
    // 62 blocks of queries see four or five blocks of keys, and two see all 64.
    expect(pairs).toBe((2 * 4 + 60 * 5 + 2 * 64) * 64 ** 2);
  });
});

describe('questions', () => {
  const word = (i: number): number => 5 + ((i * 7) % 50);
  const row = (...separators: readonly number[]): readonly number[] =>
    Array.from({ length: 30 }, (_, i) => (separators.includes(i) ? 66 : word(i)));

  test.each([
    ['in the middle', row(6, 29), 7],
    ['at the beginning', row(0, 8), 1],
    ['at the end', row(29), 30],
    ['nowhere', row(), 1],
  ])('with the first separator %s', async (_where, ids, end) => {
    const model = await bigBirdFamily.load(qa.checkpoint);
    const own = outputsOf(model, { inputIds: [ids] });
    const tokenTypeIds = [ids.map((_, i) => Number(i >= end))];
    expect(own).toEqual(outputsOf(model, { inputIds: [ids], tokenTypeIds }));
    const other = outputsOf(model, { inputIds: [ids], tokenTypeIds: [ids.map(() => 1)] });
    expect(own.start_logits).not.toEqual(other.start_logits);
    for (const { data } of Object.values(own)) {
      const impossible = Array.from(data).flatMap((logit, i) => (logit < -9e5 ? [i] : []));
      expect(impossible).toEqual(Array.from({ length: end - 1 }, (_, i) => i + 1));
    }
  });

  test('of a batch are found row by row', async () => {
    const model = await bigBirdFamily.load(qa.checkpoint);
    const rows = [row(6), row(), row(3, 4)];
    const together = outputsOf(model, { inputIds: rows }).end_logits.data;
    rows.forEach((ids, i) => {
      const alone = outputsOf(model, { inputIds: [ids] }).end_logits.data;
      expect(together.subarray(i * 30, (i + 1) * 30)).toEqual(alone);
    });
  });

  test('a separator that is no id', async () => {
    const config = { ...qa.checkpoint.config, sep_token_id: 5_000 };
    const model = await bigBirdFamily.load({ ...qa.checkpoint, config });
    const { start_logits } = outputsOf(model, { inputIds: [row(6)] });
    expect(Math.min(...start_logits.data)).toBeGreaterThan(-9e5);
  });
});

describe('checkpoints', () => {
  test('a folder', async () => {
    await using model = await loadFrom(folderStore(caseOf('bigbird_just_long').folder));
    const { family, architecture, maxLength, outputs } = model.network;
    expect([family, architecture, maxLength]).toEqual(['bigbird', 'BigBirdModel', 38]);
    expect(outputs).toEqual(['last_hidden_state', 'pooler_output']);
  });

  test('the encoder of a checkpoint with a head, without a pooler', async () => {
    const model = await bigBirdFamily.load(qa.checkpoint, { architecture: 'BigBirdModel' });
    expect(model.outputs).toEqual(['last_hidden_state']);
  });

  test('a masked language model whose decoder is its own', async () => {
    const config = {
      ...checkpoint.config,
      architectures: ['BigBirdForMaskedLM'],
      tie_word_embeddings: false,
    };
    const random = randomCheckpoint(bigBirdFamily, config);
    expect(random.names).toEqual(
      expect.arrayContaining(['cls.predictions.decoder.weight', 'cls.predictions.decoder.bias']),
    );
    const tensors = new Map<string, Tensor>();
    for (const name of random.names) tensors.set(name, await random.tensor(name));
    const logits = async (): Promise<Tensor> => {
      const model = await bigBirdFamily.load(memoryCheckpoint(config, tensors));
      return outputsOf(model, { inputIds: [[5, 6, 7]] }).logits;
    };
    const before = await logits();
    tensors.set('cls.predictions.decoder.bias', f32([97], new Float32Array(97).fill(100)));
    const after = await logits();
    expect(after.data[0]).toBeGreaterThan(before.data[0] + 90);
    tensors.delete('cls.predictions.decoder.weight');
    await expect(logits()).rejects.toThrow('1 is missing: cls.predictions.decoder.weight');
  });

  test('positions that the caller gives', async () => {
    const model = await bigBirdFamily.load(checkpoint);
    const inputIds = [[5, 6, 7]];
    const plain = outputsOf(model, { inputIds });
    expect(outputsOf(model, { inputIds, positionIds: [[0, 1, 2]] })).toEqual(plain);
    expect(outputsOf(model, { inputIds, positionIds: [[2, 1, 0]] })).not.toEqual(plain);
  });
});

describe('what is refused', () => {
  test.each<[JsonObject, string, string]>([
    [{ architectures: ['BigBirdForCausalLM'] }, 'UNSUPPORTED', 'got "BigBirdForCausalLM"'],
    [{ is_decoder: true }, 'UNSUPPORTED', 'is_decoder must be false'],
    [{ add_cross_attention: true }, 'UNSUPPORTED', 'add_cross_attention must be false'],
    [
      { position_embedding_type: 'relative_key' },
      'UNSUPPORTED',
      'position_embedding_type must be "absolute"',
    ],
    [{ attention_type: 'sparse' }, 'MALFORMED_FILE', 'attention_type must be one of block_sparse'],
    [{ block_size: 0 }, 'MALFORMED_FILE', 'block_size must be an integer from 1'],
    [{ num_random_blocks: -1 }, 'MALFORMED_FILE', 'num_random_blocks must be an integer from 0'],
    [{ use_bias: 'no' }, 'MALFORMED_FILE', 'use_bias must be true or false'],
    [{ hidden_size: 33 }, 'MALFORMED_FILE', 'hidden_size must be a multiple of num_attention_heads'],
    [
      { type_vocab_size: 1, architectures: ['BigBirdForQuestionAnswering'] },
      'MALFORMED_FILE',
      'type_vocab_size must be an integer from 2',
    ],
  ])('%o', (fields, code, message) => {
    const config: JsonObject = { ...checkpoint.config, ...fields };
    expect(() => readBigBirdConfig(config)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test.each<[string, TokenBatch, string]>([
    ['too many tokens', { inputIds: zeros('i32', [1, 39]) }, 'length must be at most 38, got 39'],
    ['an id beyond the vocabulary', { inputIds: [[97]] }, 'integers from 0 to 96, got 97'],
    ['global tokens', { inputIds: [[5]], globalAttentionMask: [[1]] }, 'has no globalAttentionMask'],
    ['a mask of three', { inputIds: [[5]], attentionMask: [[2]] }, '0 (padding) or 1 (a token), got 2'],
    ['an unknown type', { inputIds: [[5]], tokenTypeIds: [[2]] }, 'integers from 0 to 1, got 2'],
  ])('%s', async (_title, batch, message) => {
    const model = await bigBirdFamily.load(checkpoint);
    expect(() => model.call(batch)).toThrow(message);
  });
});
