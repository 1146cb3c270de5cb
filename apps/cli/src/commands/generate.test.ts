// `attn generate`, and `attn encode` of a Reformer, from the outside, on checkpoints of the original.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { i32, type Tensor } from '@attn/core';
import { parseSafetensors, serializeSafetensors } from '@attn/safetensors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attnIn, spawnIn } from '../cli.testing.ts';

const goldens = fileURLToPath(new URL('../../../../packages/models/goldens/', import.meta.url));
let folder = '';
const path = (name: string): string => join(folder, name);
const attn = (...args: string[]) => attnIn(folder, args);

/** A Reformer that reads bytes, as `google/reformer-enwik8` does, only small. */
const BYTES = {
  model_type: 'reformer',
  architectures: ['ReformerModelWithLMHead'],
  attention_head_size: 8,
  attn_layers: ['local', 'lsh'],
  axial_pos_embds_dim: [4, 12],
  axial_pos_shape: [8, 16],
  feed_forward_size: 32,
  hidden_size: 16,
  is_decoder: true,
  local_attn_chunk_length: 8,
  lsh_attn_chunk_length: 16,
  num_attention_heads: 2,
  num_buckets: 4,
  num_hashes: 2,
  vocab_size: 258,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-generate-'));
  for (const name of ['reformer_lm', 'reformer_encoder_padded', 'longformer_short'])
    await cp(join(goldens, name), path(name), { recursive: true });
  const { tensors } = parseSafetensors(await readFile(path('reformer_encoder_padded/io.safetensors')));
  const inputs = [...tensors].flatMap(([name, tensor]): [string, Tensor][] =>
    name.startsWith('in.') ? [[name.slice(3), tensor]] : [],
  );
  await writeFile(path('batch.safetensors'), serializeSafetensors(new Map(inputs)));
  const write = (name: string, tensor: Tensor) =>
    writeFile(path(name), serializeSafetensors({ input_ids: tensor }));
  await write('row.safetensors', i32([1, 3], [4, 5, 6]));
  await write('plain.safetensors', i32([3], [4, 5, 6]));
  await write('rows.safetensors', i32([2, 3], [4, 5, 6, 7, 8, 9]));
  await attn('make-checkpoint', '--config', JSON.stringify(BYTES), '--output', 'bytes');
});
afterAll(() => rm(folder, { recursive: true }));

describe('generate', () => {
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await attn('generate', ...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };

  test('continues ids', async () => {
    const args = ['--model', 'reformer_lm', '--max-new-tokens', '5', '--backend', 'cpu'];
    const got = await json(...args, '--input', 'row.safetensors');
    expect(got).toMatchObject({
      architecture: 'ReformerModelWithLMHead',
      backends: ['cpu'],
      promptTokens: 3,
      text: null,
    });
    expect(got.ids).toHaveLength(got.end === 'length' ? 5 : got.ids.length);
    expect((await json(...args, '--input', 'plain.safetensors')).ids).toEqual(got.ids);
  });

  test('continues a text by its bytes, and draws by the seed', async () => {
    const args = ['--model', 'bytes', '--prompt', 'Ishmael', '--max-new-tokens', '4'];
    const draw = (seed: string) => json(...args, '--temperature', '2', '--top-p', '0.9', '--seed', seed);
    const first = await draw('1');
    expect(first).toMatchObject({ promptTokens: 7, text: expect.any(String) });
    expect((await draw('1')).ids).toEqual(first.ids);
    expect((await draw('2')).ids).not.toEqual(first.ids);
    const result = await spawnIn(folder, ['generate', ...args]);
    expect(result).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Ishmael/) });
  });

  test.each([
    [['--prompt', 'a'], '--model is required'],
    [['--model', 'bytes'], '--input is required: a file of ids, or --text with a text, or --file'],
    [['--model', 'bytes', '--prompt', 'a', '--input', 'row.safetensors'], '--prompt contradicts --input'],
    [['--model', 'bytes', '--prompt', 'a', '--max-new-tokens', '0'], '--max-new-tokens must be an integer'],
    [
      ['--model', 'bytes', '--prompt', 'a', '--temperature', 'hot'],
      '--temperature must be a number ≥ 0, got "hot"',
    ],
    [
      ['--model', 'bytes', '--prompt', 'a', '--top-p', '1.5'],
      '--top-p must be above 0 and at most 1, got 1.5',
    ],
    [['--model', 'bytes', '--prompt', 'a', '--max-new-tokens', '500'], 'must be at most 128 tokens together'],
    [
      ['--model', 'bytes', '--input', 'rows.safetensors'],
      'must be integers [length] or [1, length], got i32 [2, 3]',
    ],
    [['--model', 'bytes', '--input', 'nowhere.safetensors'], 'nowhere.safetensors'],
    [['--model', 'reformer_lm', '--prompt', 'a'], 'has no files of a tokenizer: give ids'],
  ])('%j: %s', async (args, message) => {
    const result = await attn('generate', ...args);
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  });
});

test('a model that generates no texts', async () => {
  const args = ['--model', 'longformer_short', '--input', 'row.safetensors', '--json'];
  const { code, stdout } = await spawnIn(folder, ['generate', ...args]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining(
      'generate needs a model of language, such as LEDForConditionalGeneration; LongformerModel gives',
    ),
  });
});

describe('encode of a Reformer', () => {
  test('ids and masks of a file', async () => {
    const args = [
      '--model',
      'reformer_encoder_padded',
      '--input',
      'batch.safetensors',
      '--output',
      'y.safetensors',
    ];
    const { code, stdout, stderr } = await attn('encode', ...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      architecture: 'ReformerModel',
      shapes: { last_hidden_state: [2, 48, 64] },
    });
  });

  test('texts by their bytes, of the model without its head, and the logits of ids', async () => {
    await writeFile(path('a.txt'), 'Call me Ishmael.\nSome years ago\n');
    const args = ['--model', 'bytes', '--output', 'y.safetensors', '--json'];
    const texts = ['--input', 'a.txt', '--lines', '--architecture', 'ReformerModel'];
    const { stdout } = await attn('encode', ...args, ...texts);
    expect(JSON.parse(stdout).shapes).toEqual({ embeddings: [2, 32] });
    const logits = await attn('encode', ...args, '--input', 'rows.safetensors');
    expect(JSON.parse(logits.stdout).shapes).toEqual({ logits: [2, 3, 258] });
  });
});
