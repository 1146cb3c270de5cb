// The adapters of jina-embeddings-v3: numbers, options of runs and of encode, exports, refusals.
import { createAttn, type Tensors } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { afterAll, describe, expect, test } from 'vitest';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { Encoder } from '../loaded/encoder.ts';
import { longformerFamily } from '../longformer/index.ts';
import { differences } from '../testing/differences.testing.ts';
import { runExported } from '../testing/exported.testing.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import { readGolden, referenceOutputs } from '../testing/goldens.testing.ts';
import { jinaFamily } from './index.ts';

const golden = await goldenCalled('heads', 'jina', 'jina_adapters');
const model = await jinaFamily.load(golden.checkpoint);
const attn = await createAttn({ backends: [cpu(), wasm(), onnx()] });
afterAll(() => attn.dispose());

const TASKS = ['retrieval.query', 'retrieval.passage', 'separation', 'classification', 'text-matching'];

/** What differs from the golden's outputs of a task. */
function faults(outputs: Tensors, task: string | undefined): readonly string[] {
  const tensors = new Map(golden.tensors);
  for (const name of task === undefined ? [] : model.outputs) {
    const expected = golden.tensors.get(`out.${name}.${task}`);
    if (expected) tensors.set(`out.${name}`, expected);
  }
  return differences({ ...golden, tensors }, outputs, model.outputs);
}

test('tasks are those of the config, with their prompts', () => {
  expect([...(model.tasks ?? [])].map(([task]) => task)).toEqual(TASKS);
  expect(model.tasks?.get('retrieval.query')).toBe('query: ');
});

describe.each([undefined, ...TASKS])('task %s', (task) => {
  const call = model.call({ ...golden.batch, ...(task !== undefined && { task }) });

  test('in float64', () => {
    expect(faults(referenceOutputs(call.graph, call.inputs), task)).toEqual([]);
  });
  test.each(['cpu', 'wasm', 'onnx'])('on %s', async (backend) => {
    expect(faults(await attn.run(call.graph, call.inputs, { backend }), task)).toEqual([]);
  });
});

test('as one ONNX file of a task', async () => {
  const { inputIds } = golden.batch;
  const [batch, length] = inputIds.shape;
  const graph = model.fixedGraph({ batch, length, task: 'separation' });
  const outputs = await runExported(graph, { input_ids: inputIds }, { portable: true });
  const expected = referenceOutputs(graph, { input_ids: inputIds });
  const tensors = new Map(Object.entries(expected).map(([name, tensor]) => [`out.${name}`, tensor]));
  expect(differences({ ...golden, tensors, outputs: model.outputs }, outputs)).toEqual([]);
});

describe('encode', () => {
  const texts: string[] = [];
  const tokenizer = {
    encode: (text: string) => {
      texts.push(text);
      return { ids: Array.from(text, (letter) => 4 + (letter.charCodeAt(0) % 16)) };
    },
    decode: () => '',
  };
  const loaded = new Encoder(model, tokenizer, attn);
  const options = { backend: 'wasm', normalize: true };

  test('a task puts its prompt before texts, and runs its adapters', async () => {
    texts.length = 0;
    const { embeddings } = await loaded.encode('abc', { ...options, task: 'retrieval.query' });
    expect(texts).toEqual(['query: abc']);
    const plain = await loaded.encode('abc', { ...options, prompt: 'query: ' });
    expect(embeddings.data).not.toEqual(plain.embeddings.data);
    const { last_hidden_state: states } = await loaded.run({
      inputIds: [tokenizer.encode('query: abc').ids],
      task: 'retrieval.query',
    });
    const width = states.shape[2];
    const mean = Array.from({ length: width }, (_, c) =>
      Array.from(states.data).reduce((sum, value, i) => (i % width === c ? sum + value : sum), 0),
    );
    const size = Math.hypot(...mean);
    for (const [i, value] of embeddings.data.entries()) expect(value).toBeCloseTo(mean[i] / size, 4);
  });
  test('as chooses the task of searches', async () => {
    const [byRole, byTask] = await Promise.all([
      loaded.encode('abc', { ...options, as: 'document' }),
      loaded.encode('abc', { ...options, task: 'retrieval.passage' }),
    ]);
    expect(byRole.embeddings).toEqual(byTask.embeddings);
    expect(texts).toContain('passage: abc');
  });
  test('a prompt of the caller’s is the one that counts', async () => {
    texts.length = 0;
    await loaded.encode('abc', { ...options, task: 'retrieval.query', prompt: '' });
    expect(texts).toEqual(['abc']);
  });
  test('an unknown task is refused before any work', async () => {
    await expect(loaded.encode('abc', { task: 'retrieval' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('retrieval.query'),
    });
  });
});

describe('refused', () => {
  test('an unknown task, by runs and exports', () => {
    for (const call of [
      () => model.call({ inputIds: [[4]], task: 'clustering' }),
      () => model.fixedGraph({ batch: 1, length: 4, task: 'clustering' }),
      () => model.call({ inputIds: [[4]], task: 5 as never }),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
  test('any task, by models without adapters', async () => {
    const others = [
      await jinaFamily.load((await goldenCalled('classic', 'rotary', 'jina_v3_encoder')).checkpoint),
      await longformerFamily.load((await readGolden('longformer_short')).checkpoint),
    ];
    for (const other of others) {
      const task = 'separation';
      expect(() => other.call({ inputIds: [[4]], task })).toThrow(`has no task, got "separation"`);
      expect(() => other.fixedGraph({ batch: 1, length: 4, task })).toThrow('has no task');
      await expect(new Encoder(other, undefined, attn).encode([[4]], { task })).rejects.toThrow('no task');
    }
  });
  test.each([
    [{ lora_rank: 3 }, /lora_A/],
    [{ lora_alpha: 'much' }, /lora_alpha must be a number/],
    [{ lora_adaptations: 'all' }, /lora_adaptations must be a list of texts/],
    [{ task_instructions: { separation: 5 } }, /task_instructions: separation must be a text/],
    [{ truncate_dim: 64 }, /truncate_dim must be absent, got 64/],
    [{ rotary_emb_base: 'far' }, /rope_theta must be a number/],
  ])('%j', async (fields, message) => {
    const stored = await Promise.all(
      golden.checkpoint.names.map(async (name) => [name, await golden.checkpoint.tensor(name)] as const),
    );
    const config = { ...golden.checkpoint.config, ...fields };
    await expect(jinaFamily.load(memoryCheckpoint(config, new Map(stored), 'test'))).rejects.toThrow(message);
  });
});
