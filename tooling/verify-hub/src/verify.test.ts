// The verification against a hub for tests, with small models of the original in place of real ones.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createAttn, type Attn, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { parseSafetensors } from '@attn/safetensors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commitOf, startStubHub, type StubHub } from '../../../packages/models/src/hub/stub-hub.testing.ts';
import { compare, type HubModel } from './check.ts';
import { finite, output } from './checks.ts';
import { PUBLISHED } from './published.ts';
import { verify } from './verify.ts';

const models = join(import.meta.dirname, '../../../packages/models/goldens/checkpoints/models');
const heads = join(import.meta.dirname, '../../../packages/models/goldens/heads');
const short = join(import.meta.dirname, '../../../packages/models/goldens/roberta_encoder');
let attn: Attn;
let hub: StubHub;
let cacheFolder: string;

async function filesOf(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = await readdir(folder);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  );
}

beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
  cacheFolder = await mkdtemp(join(tmpdir(), 'attn-verify-'));
  const model = (id: string, files: ReadonlyMap<string, Uint8Array>) => ({
    id,
    revisions: new Map([['main', { commit: commitOf('c0ffee'), files }]]),
  });
  hub = await startStubHub([
    model('org/legacy', await filesOf(join(models, 'lf_mlm_legacy'))),
    model('org/short', await filesOf(short)),
    model('org/led', await filesOf(join(models, 'led_bot_new'))),
    model('org/jina', await filesOf(join(heads, 'jina/jina_adapters'))),
    model('org/nomic', await filesOf(join(heads, 'rotary/nomic_bert_2048'))),
  ]);
});
afterAll(async () => {
  await attn.dispose();
  await hub.close();
  await rm(cacheFolder, { recursive: true });
});

/** A check of the first numbers of an output. */
async function modelOf(id: string, folder: string, output: string, asLongformer = false): Promise<HubModel> {
  const { tensors } = parseSafetensors(await readFile(join(folder, 'io.safetensors')));
  const [ids, mask] = ['in.input_ids', 'in.attention_mask'].map((name) => tensors.get(name));
  const expected = tensors.get(`out.${output}`);
  if (ids === undefined || expected === undefined) throw new Error(`${folder} has no ${output}`);
  const globalMask = tensors.get('in.global_attention_mask');
  const batch = { inputIds: ids, attentionMask: mask, globalAttentionMask: globalMask };
  return {
    id,
    asLongformer,
    architecture: output === 'logits' ? 'LongformerForMaskedLM' : 'LongformerModel',
    checks: [
      {
        what: output,
        expected: { numbers: Array.from(expected.data.subarray(0, 16)), atol: 1e-4 },
        values: async (model) => (await model.run(batch))[output].data.subarray(0, 16),
      },
      { what: 'fails', expected: { exactly: ['a'] }, values: async () => ['b'] },
    ],
  };
}

test('downloads, loads and compares; what cannot be loaded fails by itself', async () => {
  const steps: string[] = [];
  const list = [
    { id: 'org/none', checks: [{ what: 'x', expected: { exactly: [] }, values: async () => [] }] },
    await modelOf('org/legacy', join(models, 'lf_mlm_legacy'), 'logits'),
    await modelOf('org/short', short, 'last_hidden_state', true),
  ];
  const outcomes = await verify(list, {
    attn,
    hubUrl: hub.url,
    cacheFolder,
    onStep: (step) => steps.push(step),
  });
  expect(outcomes.map(({ model, what, fault }) => [model, what, fault === undefined])).toEqual([
    ['org/none', 'x', false],
    ['org/legacy', 'logits', true],
    ['org/legacy', 'fails', false],
    ['org/short', 'last_hidden_state', true],
    ['org/short', 'fails', false],
  ]);
  expect(steps).toContain('loading org/legacy');
  expect(steps.some((step) => step.startsWith('downloading pytorch_model.bin of org/legacy'))).toBe(true);
});

test('adapters by task, and shapes where nothing is published', async () => {
  const { tensors } = parseSafetensors(await readFile(join(heads, 'jina/jina_adapters/io.safetensors')));
  const [ids, mask] = ['in.input_ids', 'in.attention_mask'].map((name) => tensors.get(name));
  if (ids === undefined || mask === undefined) throw new Error('no ids');
  const task = 'separation';
  const numbers = Array.from(tensors.get(`out.pooler_output.${task}`)?.data ?? []);
  const batch = { inputIds: ids, attentionMask: mask };
  const all = ({ data }: { readonly data: ArrayLike<number> }): readonly number[] => Array.from(data);
  const list: readonly HubModel[] = [
    {
      id: 'org/jina',
      checks: [
        output('with adapters', 'pooler_output', { ...batch, task }, all, numbers),
        output('without', 'pooler_output', batch, all, numbers),
      ],
    },
    {
      id: 'org/nomic',
      checks: [
        finite('logits', { inputIds: [[4, 5, 6]] }, [1, 3, 20]),
        finite('logits', { inputIds: [[4, 5, 6]] }, [1, 3, 19]),
      ],
    },
  ];
  const outcomes = await verify(list, { attn, hubUrl: hub.url, cacheFolder });
  expect(outcomes.map(({ fault }) => fault === undefined)).toEqual([true, false, true, false]);
});

test('a decoder, and fields of config.json that a test sets', async () => {
  const { tensors } = parseSafetensors(await readFile(join(models, 'led_bot_new/io.safetensors')));
  const input = (name: string): Tensor => {
    const tensor = tensors.get(`in.${name}`);
    if (tensor === undefined) throw new Error(`no ${name}`);
    return tensor;
  };
  const batch = {
    inputIds: input('input_ids'),
    attentionMask: input('attention_mask'),
    globalAttentionMask: input('global_attention_mask'),
    decoderInputIds: input('decoder_input_ids'),
  };
  const architecture = 'LEDForConditionalGeneration';
  const numbers = Array.from(tensors.get('out.logits')?.data ?? []);
  const checks = [output('logits', 'logits', batch, ({ data }) => Array.from(data), numbers)];
  const list: readonly HubModel[] = [
    { id: 'org/led', architecture, checks },
    { id: 'org/led', architecture, config: { tie_word_embeddings: true }, checks },
    { id: 'org/led', architecture, config: { activation_function: 'relu' }, checks },
  ];
  const outcomes = await verify(list, { attn, hubUrl: hub.url, cacheFolder });
  expect(outcomes.map(({ fault }) => fault === undefined)).toEqual([true, true, false]);
  expect(outcomes[2].fault).toMatch(/^expected .*, got /);
});

test('each model has checks, and is there once for each class', () => {
  const names = PUBLISHED.map(({ id, architecture, config, asLongformer }) =>
    [id, architecture, JSON.stringify(config), asLongformer].join(),
  );
  expect(new Set(names).size).toBe(names.length);
  expect(PUBLISHED.filter(({ checks }) => checks.length === 0)).toEqual([]);
});

test('no network ends the work', async () => {
  const gone = await startStubHub([]);
  await gone.close();
  const options = { attn, hubUrl: gone.url, cacheFolder, attempts: 1 };
  await expect(verify(PUBLISHED.slice(0, 1), options)).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test('the command says that there is no network, and exits with 1', async () => {
  const gone = await startStubHub([]);
  await gone.close();
  const main = join(import.meta.dirname, 'main.ts');
  const args = [main, '--only', 'led-base', '--hub-url', gone.url, '--cache', cacheFolder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect([stdout, (await ended)[0]]).toEqual(['', 1]);
  expect(stderr).toMatch(
    /^loading allenai\/led-base-16384\n\[attn\/verify-hub\] there is no network to the hub: /,
  );
}, 60_000);

test.each([
  [{ numbers: [1, 2], atol: 0.1 }, [1.05, 2], true],
  [{ numbers: [1, 2], atol: 0.1 }, [1.2, 2], false],
  [{ numbers: [1, 2], atol: 0.1 }, [NaN, 2], false],
  [{ numbers: [1000], atol: 0, rtol: 1e-3 }, [1000.9], true],
  [{ numbers: [1, 2], atol: 1 }, [1], false],
  [{ exactly: ['a', 5] }, ['a', 5], true],
  [{ exactly: ['a', 5] }, ['a', 6], false],
])('compare %j with %j', (expected, values, isEqual) => {
  expect(compare(expected, values).fault === undefined).toBe(isEqual);
});
