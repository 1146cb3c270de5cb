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
import { AttnError, createAttn, type Attn, type Tensor } from '@attn/core';
import { cpu } from '@attn/cpu';
import { parseSafetensors } from '@attn/safetensors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderStore } from '../files/folder-store.ts';
import { openCheckpoint } from '../files/open-checkpoint.ts';
import { writeCheckpoint } from '../files/write-checkpoint.ts';
import type { ModelCall } from '../model.ts';
import { longformerFamily } from '../longformer/index.ts';
import { rotationsOf } from '../reformer/goldens.testing.ts';
import { reformerFamily } from '../reformer/index.ts';
import { differences } from '../testing/differences.testing.ts';
import { loadModel } from '../node.ts';
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

/** Families that run here; of LED its encoder. */
const isOurs = ({ config: { architecture } }: Case): boolean =>
  /^(Longformer|LED|Reformer)/.test(architecture);

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
  test.each(models.filter(isOurs))('$id', async (model) => {
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
    expect(await faults(model, written)).toEqual([]);
  });
});

/** How the outputs of a checkpoint differ from those of the original. */
async function faults(model: Case, checkpoint: Checkpoint): Promise<readonly string[]> {
  const { tensors } = parseSafetensors(await readFile(join(folderOf(model), 'io.safetensors')));
  const { graph, inputs, renamed } = await callOf(model, checkpoint, tensors);
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

/** The model's call, and its outputs that the original calls otherwise. */
async function callOf(
  { config: { architecture } }: Case,
  checkpoint: Checkpoint,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<ModelCall & { readonly renamed: Readonly<Record<string, string>> }> {
  const input = (name: string): Tensor | undefined => tensors.get(`in.${name}`);
  const inputIds = input('input_ids');
  if (inputIds === undefined) throw new Error('the golden must have in.input_ids');
  const batch = {
    inputIds,
    attentionMask: input('attention_mask'),
    globalAttentionMask: input('global_attention_mask'),
  };
  if (architecture.startsWith('Reformer')) {
    const model = await reformerFamily.load(checkpoint, { architecture });
    const { inputIds: ids, attentionMask } = batch;
    const golden = { tensors } as Parameters<typeof rotationsOf>[0];
    return {
      ...model.call({ inputIds: ids, attentionMask }, { rotations: rotationsOf(golden) }),
      renamed: {},
    };
  }
  const isLed = architecture.startsWith('LED');
  const model = await longformerFamily.load(checkpoint, {
    architecture: isLed ? 'LEDEncoder' : architecture,
  });
  return {
    ...model.call(batch),
    renamed: isLed ? { last_hidden_state: 'encoder_last_hidden_state' } : {},
  };
}

describe('folders that must be refused', () => {
  test.each(cases.filter(({ group }) => group === 'hostile_folder'))('$id', async ({ dir, verdict }) => {
    const loading = loadModel(join(root, dir), { inMemory: true }).then(
      () => 'loaded',
      (error: unknown) => (error instanceof AttnError ? error.code : error),
    );
    const outcome = await loading;
    if (verdict === 'either' && outcome === 'loaded') return;
    expect(['MALFORMED_FILE', 'FILE_NOT_FOUND', 'UNSUPPORTED', 'INVALID_DTYPE']).toContain(outcome);
  });
});

test('code of its own is refused, and an architecture that is not ours', async () => {
  const [model] = models;
  const store = folderStore(folderOf(model));
  const withConfig = (changes: object) => ({
    ...store,
    bytes: async (file: string, limit: number) => {
      const bytes = await store.bytes(file, limit);
      if (file !== 'config.json') return bytes;
      return new TextEncoder().encode(
        JSON.stringify({ ...JSON.parse(new TextDecoder().decode(bytes)), ...changes }),
      );
    },
  });
  const { loadFrom } = await import('../load.ts');
  await expect(
    loadFrom(withConfig({ auto_map: { AutoModel: 'modeling_hat.HATModel' } })),
  ).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('needs code of its own, which is not run here'),
  });
  await expect(loadFrom(withConfig({ architectures: ['HATForMaskedLM'] }))).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('got "HATForMaskedLM"'),
  });
});
