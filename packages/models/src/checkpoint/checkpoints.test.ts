/**
 * Checkpoints as they lie on the hub: every form, old and lost names, the layouts of the Longformer paper's
 * own repository, and folders that must be refused. `ATTN_GOLDENS` names a folder with a whole set in
 * `checkpoints`; by default the set of this package is read.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAttn, type Attn, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { parseSafetensors } from '@attn/safetensors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bigBirdFamily } from '../bigbird/index.ts';
import { folderStore } from '../files/folder-store.ts';
import { openCheckpoint } from '../files/open-checkpoint.ts';
import { writeCheckpoint } from '../files/write-checkpoint.ts';
import type { ModelCall } from '../model.ts';
import { bertFamily } from '../bert/index.ts';
import { ledFamily } from '../led/index.ts';
import { longformerFamily, toLongformer } from '../longformer/index.ts';
import { rotationsOf } from '../reformer/goldens.testing.ts';
import { reformerFamily } from '../reformer/index.ts';
import { differences } from '../testing/differences.testing.ts';
import type { Checkpoint } from './checkpoint.ts';

interface Case {
  readonly id: string;
  readonly group: string;
  readonly dir: string;
  readonly verdict: 'accept' | 'refuse' | 'either';
  readonly config: { readonly architecture: string };
  readonly weights: readonly string[];
  readonly tolerance: { readonly atol: number };
}

const { ATTN_GOLDENS } = process.env;
const root = join(ATTN_GOLDENS || join(import.meta.dirname, '../../goldens'), 'checkpoints');
const { cases } = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as {
  readonly cases: readonly Case[];
};
const folderOf = ({ dir }: Case): string => join(root, dir);
const models = cases.filter(({ group }) => group === 'models');

/** BERT and RoBERTa, which also run as Longformers that see the whole text. */
const isShort = ({ config: { architecture } }: Pick<Case, 'config'>): boolean =>
  /^(Bert|Roberta)/.test(architecture);

/** A window that sees all of the longest golden, 48 tokens, from everywhere. */
const WHOLE = 96;

let attn: Attn;
let temporary: string;
beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
  temporary = await mkdtemp(join(tmpdir(), 'attn-checkpoints-'));
});
afterAll(async () => {
  await attn.dispose();
  await rm(temporary, { recursive: true });
});

describe('files have the tensors of the original, in order', () => {
  test.each(models)('$id', async (model) => {
    const expected = Object.entries(
      JSON.parse(await readFile(join(folderOf(model), 'tensors.json'), 'utf8')) as Record<
        string,
        [dtype: string, shape: readonly number[], hash: string]
      >,
    );
    const store = folderStore(folderOf(model));
    const files = model.id === 'lf_both_files' ? ['model.safetensors'] : model.weights;
    const tensors: typeof expected = [];
    for (const name of files.filter((file) => !file.endsWith('.json'))) {
      const file = await store.tensors(name);
      for (const tensor of file.names) {
        const { fileDtype, shape } = file.spec(tensor);
        const hash = createHash('sha256')
          .update(await file.bytes(tensor))
          .digest('hex');
        tensors.push([tensor, [fileDtype, shape, hash.slice(0, 16)]]);
      }
      await file.dispose();
    }
    // The header of a .safetensors file has an order of its own.
    const isOrdered = files.some((file) => file.endsWith('.bin'));
    const inOrder = (list: typeof expected): typeof expected =>
      isOrdered ? list : list.toSorted(([a], [b]) => (a < b ? -1 : 1));
    expect(inOrder(tensors)).toEqual(inOrder(expected));
  });
});

describe('models give the outputs of the original, and so does what we write of them', () => {
  test.each(models)('$id', async (model) => {
    const folder = folderOf(model);
    await using checkpoint = await openCheckpoint(folderStore(folder));
    expect(checkpoint.weights?.files).toEqual(
      model.id === 'lf_both_files'
        ? ['model.safetensors']
        : model.weights.filter((file) => !file.endsWith('.json')),
    );
    expect(await faults(model, checkpoint)).toEqual([]);
    const copy = join(temporary, model.id);
    await writeCheckpoint(copy, checkpoint);
    await using written = await openCheckpoint(folderStore(copy));
    expect(written.names).toEqual(checkpoint.names);
    expect(written.config).toEqual(checkpoint.config);
    const config = await readFile(join(copy, 'config.json'), 'utf8');
    expect([...config.matchAll(/dropout(_prob)?": (\d+),/g)]).toEqual([]); // 0.0, which no integer is
    expect(await faults(model, written)).toEqual([]);
  });
});

/** A model's call, and its outputs that the original calls otherwise. */
type Call = ModelCall & { readonly renamed: Readonly<Record<string, string>> };

/** How the outputs of a checkpoint differ from those of the original. */
async function faults(model: Case, checkpoint: Checkpoint): Promise<readonly string[]> {
  const { tensors } = parseSafetensors(await readFile(join(folderOf(model), 'io.safetensors')));
  return faultsOf(model, tensors, await callOf(model, checkpoint, tensors));
}

async function faultsOf(
  model: Case,
  tensors: ReadonlyMap<string, Tensor>,
  { graph, inputs, renamed }: Call,
): Promise<readonly string[]> {
  const outputs = await attn.run(graph, inputs);
  const names = Object.keys(outputs);
  expect(names.length).toBeGreaterThan(0);
  const expected = new Map(tensors);
  for (const [name, original] of Object.entries(renamed)) {
    const tensor = tensors.get(`out.${original}`);
    if (tensor !== undefined) expected.set(`out.${name}`, tensor);
  }
  const compared = names.filter((name) => expected.has(`out.${name}`));
  expect(compared.length).toBeGreaterThan(0);
  return differences(
    { id: model.id, tensors: expected, outputs: compared, atol: model.tolerance.atol },
    outputs,
  );
}

/** The inputs of the original. */
function batchOf(tensors: ReadonlyMap<string, Tensor>) {
  const input = (name: string): Tensor | undefined => tensors.get(`in.${name}`);
  const inputIds = input('input_ids');
  if (inputIds === undefined) throw new Error('the golden must have in.input_ids');
  return {
    inputIds,
    attentionMask: input('attention_mask'),
    globalAttentionMask: input('global_attention_mask'),
    tokenTypeIds: input('token_type_ids'),
    decoderInputIds: input('decoder_input_ids'),
  };
}

async function callOf(
  { config: { architecture } }: Case,
  checkpoint: Checkpoint,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<Call> {
  const batch = batchOf(tensors);
  if (isShort({ config: { architecture } })) {
    const model = await bertFamily.load(checkpoint, { architecture });
    const { globalAttentionMask: _, ...own } = batch;
    return { ...model.call(own), renamed: {} };
  }
  if (architecture.startsWith('Reformer')) {
    const model = await reformerFamily.load(checkpoint, { architecture });
    const { inputIds: ids, attentionMask } = batch;
    const golden = { tensors } as Parameters<typeof rotationsOf>[0];
    return {
      ...model.call({ inputIds: ids, attentionMask }, { rotations: rotationsOf(golden) }),
      renamed: {},
    };
  }
  if (architecture.startsWith('BigBird')) {
    const model = await bigBirdFamily.load(checkpoint, { architecture });
    return { ...model.call(batch), renamed: {} };
  }
  if (architecture.startsWith('LED')) {
    const model = await ledFamily.load(checkpoint, { architecture });
    return { ...model.call(batch), renamed: {} };
  }
  const model = await longformerFamily.load(checkpoint, { architecture });
  return { ...model.call(batch), renamed: {} };
}

describe('BERT and RoBERTa as Longformers that see the whole text give the outputs of the original', () => {
  test.each(models.filter(isShort))('$id', async (model) => {
    await using checkpoint = await openCheckpoint(folderStore(folderOf(model)));
    const { tensors } = parseSafetensors(await readFile(join(folderOf(model), 'io.safetensors')));
    expect(await faultsOf(model, tensors, await longCall(model, checkpoint, tensors))).toEqual([]);
  });
});

/** The call of the Longformer of a short model, and its outputs that the original calls otherwise. */
async function longCall(
  { config: { architecture } }: Case,
  checkpoint: Checkpoint,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<Call> {
  // Longformer's own head has another activation than these: of such a model the states are compared.
  const own = checkpoint.config.hidden_act === 'gelu' ? architecture : 'BertModel';
  const config = { ...checkpoint.config, architectures: [own] };
  const model = await longformerFamily.load(toLongformer({ ...checkpoint, config }, { window: WHOLE }));
  const renamed: Call['renamed'] =
    architecture === 'BertForPreTraining' ? { logits: 'prediction_logits' } : {};
  return { ...model.call(batchOf(tensors)), renamed };
}

describe('names are those of today, each tensor once', () => {
  test.each(models)('$id', async (model) => {
    await using checkpoint = await openCheckpoint(folderStore(folderOf(model)));
    const { names, config } = checkpoint;
    const prefix = PREFIXES.find(([type]) => type === config.model_type)?.[1] ?? '?';
    const hasPrefix = names.some((name) => name.startsWith(prefix));
    expect(hasPrefix).toBe(model.id !== 'bert_without_prefix');
    const current = hasPrefix ? prefix : '';
    const base = names.filter((name) => name.startsWith(current));
    expect(names.filter((name) => !base.includes(name) && !HEADS.test(name))).toEqual([]);
    expect(names.filter((name) => OLD.test(name))).toEqual([]);
    const words = config.model_type === 'led' ? 'shared.weight' : 'embeddings.word_embeddings.weight';
    expect(names).toContain(current + words);
    if (hasPrefix && config.model_type !== 'reformer') expectTied(checkpoint, current + words);
    expect(new Set(names).size).toBe(names.length);
  });
});

const PREFIXES = [
  ['longformer', 'longformer.'],
  ['led', 'led.'],
  ['reformer', 'reformer.'],
  ['bert', 'bert.'],
  ['big_bird', 'bert.'],
  ['roberta', 'roberta.'],
] as const;
const HEADS = /^(lm_head|cls|classifier|qa_outputs)\.|^final_logits_bias$/;
const OLD = /gamma|beta|position_ids|mask_value|^module\./;

/** The names of the words that a model of this file may ask for are there, and are read once. */
function expectTied(checkpoint: Checkpoint, words: string): void {
  const { model_type: type } = checkpoint.config;
  const decoder = /^(bert|big_bird)$/.test(String(type))
    ? 'cls.predictions.decoder.weight'
    : type === 'led'
      ? 'lm_head.weight'
      : 'lm_head.decoder.weight';
  expect(checkpoint.has(decoder)).toBe(true);
  expect([decoder, words]).toContain(checkpoint.listedName?.(decoder));
  expect(checkpoint.spec(decoder).shape).toEqual(checkpoint.spec(words).shape);
}

/** What the refusal of a folder must say. */
const SENTENCES: Readonly<Record<string, readonly [code: string, message: string]>> = {
  index_path: ['MALFORMED_FILE', 'in a .bin file beside it, got'],
  index_absolute: ['MALFORMED_FILE', 'in a .bin file beside it, got'],
  index_url: ['MALFORMED_FILE', 'in a .bin file beside it, got "https://'],
  index_shard_missing: ['FILE_NOT_FOUND', 'lists pytorch_model-00002-of-00002.bin, which is not there'],
  index_tensor_missing: ['MALFORMED_FILE', 'has no tensor "'],
  index_wrong_shard: ['MALFORMED_FILE', 'against pytorch_model.bin.index.json'],
  index_tensor_twice: ['MALFORMED_FILE', 'that pytorch_model.bin.index.json does not place there'],
  index_no_map: ['MALFORMED_FILE', 'must have an object weight_map, got undefined'],
  index_map_list: ['MALFORMED_FILE', 'must have an object weight_map, got'],
  index_map_values: ['MALFORMED_FILE', 'in a .bin file beside it, got'],
  index_no_json: ['MALFORMED_FILE', 'is not valid JSON'],
  index_empty_map: ['MALFORMED_FILE', 'must list 1 to 1000 files, got 0'],
  index_proto: ['MALFORMED_FILE', 'has no tensor "__proto__"'],
  index_other_kind: ['MALFORMED_FILE', 'in a .bin file beside it, got "config.json"'],
  folder_tensor_missing: ['MALFORMED_FILE', 'encoder.layer.0.attention.self.query.weight'],
  folder_shape: ['MALFORMED_FILE', 'embeddings.word_embeddings.weight must be [13, 8], got [13, 7]'],
  folder_vocab: ['MALFORMED_FILE', 'embeddings.word_embeddings.weight must be [14, 8], got [13, 8]'],
  folder_layers: ['MALFORMED_FILE', 'encoder.layer.1.'],
  folder_integer_weight: ['INVALID_DTYPE', 'must be stored as F32, F16, BF16 or F64, got i32'],
  folder_no_weights: ['FILE_NOT_FOUND', 'there is neither model.safetensors nor pytorch_model.bin'],
  folder_all_transposed: ['MALFORMED_FILE', 'embeddings.word_embeddings.weight must be [13, 8], got [8, 13]'],
  folder_alias_conflict: ['MALFORMED_FILE', 'which are two names of one tensor'],
  folder_gamma_and_weight: ['MALFORMED_FILE', 'which are two names of one tensor'],
};

test('every folder that must be refused has a sentence', () => {
  const ids = cases.filter(({ group }) => group === 'hostile_folder').map(({ id }) => id);
  expect(Object.keys(SENTENCES)).toEqual(expect.arrayContaining(ids));
});

describe('folders that must be refused', () => {
  test.each(cases.filter(({ group }) => group === 'hostile_folder'))('$id', async ({ id, dir }) => {
    const loading = async (): Promise<unknown> => {
      await using checkpoint = await openCheckpoint(folderStore(join(root, dir)));
      return await longformerFamily.load(toLongformer(checkpoint), { inMemory: true });
    };
    const [code, message] = SENTENCES[id];
    await expect(loading()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
});
