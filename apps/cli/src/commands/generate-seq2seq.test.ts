// `attn generate` and `attn task summarization` of a model with an encoder, from the outside.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attnIn, spawnIn } from '../cli.testing.ts';

const tokenizer = fileURLToPath(
  new URL('../../../../packages/models/goldens/tasks/gen-reformer/tokenizer.json', import.meta.url),
);
let folder = '';
const path = (name: string): string => join(folder, name);
const attn = (...args: string[]) => attnIn(folder, args);

/** A small LED of random weights. */
const LED = {
  model_type: 'led',
  architectures: ['LEDForConditionalGeneration'],
  attention_window: [4, 8],
  d_model: 16,
  decoder_attention_heads: 2,
  decoder_ffn_dim: 24,
  decoder_layers: 1,
  encoder_attention_heads: 4,
  encoder_ffn_dim: 24,
  encoder_layers: 2,
  max_decoder_position_embeddings: 40,
  max_encoder_position_embeddings: 64,
  vocab_size: 320,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-seq2seq-'));
  await attn('make-checkpoint', '--config', JSON.stringify(LED), '--output', 'led');
  await cp(tokenizer, path('led/tokenizer.json'));
  await writeFile(path('led/generation_config.json'), '{"max_new_tokens":5,"eos_token_id":2,"num_beams":2}');
  await writeFile(path('whale.txt'), 'Call me Ishmael');
});
afterAll(() => rm(folder, { recursive: true }));

describe('generate', () => {
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await attn('generate', '--model', 'led', ...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };

  test('answers a text or a file, as the files of the model and the options say', async () => {
    const first = await json('--text', 'Call me Ishmael');
    expect(first).toMatchObject({ architecture: 'LEDForConditionalGeneration', end: 'length' });
    expect(first.ids).toHaveLength(5);
    expect(first.sequences).toEqual([
      { ids: first.ids, text: first.text, end: 'length', score: expect.any(Number) },
    ]);
    expect((await json('--file', 'whale.txt')).ids).toEqual(first.ids);
    const options = ['--num-beams', '3', '--num-return-sequences', '3', '--max-new-tokens', '4'];
    const rest = ['--length-penalty', '0.5', '--options', '{"no_repeat_ngram_size":1}'];
    const more = await json('--text', 'Call me Ishmael', ...options, ...rest);
    expect(more.sequences).toHaveLength(3);
    for (const { ids } of more.sequences) {
      expect(ids).toHaveLength(4);
      expect(new Set(ids).size).toBe(4);
    }
    const scores = more.sequences.map(({ score }: { score: number }) => score);
    expect(scores).toEqual(scores.toSorted((a: number, b: number) => b - a));
  });

  test('prints the text as it comes', async () => {
    const args = [
      'generate',
      '--model',
      'led',
      '--text',
      'Call',
      '--num-beams',
      '1',
      '--max-new-tokens',
      '8',
    ];
    const whole = await spawnIn(folder, args);
    const streamed = await spawnIn(folder, [...args, '--stream']);
    expect([whole.code, whole.stderr, streamed.code, streamed.stderr]).toEqual([0, '', 0, '']);
    const withoutTime = (output: string): string => output.replace(/time .*/, '');
    expect(withoutTime(streamed.stdout)).toBe(withoutTime(whole.stdout));
  });

  test.each([
    [['--text', 'a', '--file', 'whale.txt'], '--text contradicts --file'],
    [['--text', 'a', '--stream', '--json'], '--stream contradicts --json'],
    [['--file', 'nowhere.txt'], 'there is no file nowhere.txt (--file)'],
    [['--text', 'a', '--num-beams', '0'], '--num-beams must be an integer'],
    [
      ['--text', 'a', '--num-return-sequences', '9'],
      'num_return_sequences must be at most num_beams, got 9 and 2',
    ],
    [
      ['--text', 'a', '--options', '{"num_beam":2}'],
      'there is no option "num_beam"; did you mean num_beams?',
    ],
    [['--text', 'a', '--max-new-tokens', '40'], 'must be at most 40 tokens together, got 1 + 40'],
  ])('%j: %s', async (args, message) => {
    const { code, stdout, stderr } = await attn('generate', '--model', 'led', ...args);
    expect(code).toBe(2);
    expect(stdout + stderr).toContain(message);
  });
});

test('task summarization, of a text longer than the model', async () => {
  await writeFile(path('long.txt'), 'Call me Ishmael. Some years ago, never mind how long. '.repeat(4));
  const args = ['task', 'summarization', '--model', 'led', '--input', 'long.txt', '--output', 'out.jsonl'];
  const { code, stderr } = await attn(...args, '--options', '{"max_new_tokens":4}');
  expect([code, stderr]).toEqual([0, '']);
  const lines = (await readFile(path('out.jsonl'), 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([[{ summary_text: expect.any(String) }]]);
});
