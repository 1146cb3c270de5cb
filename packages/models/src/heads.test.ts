// Classes that the goldens of the families lack: in float64, on backends, and as exported files. And that
// there is no class without a golden.
import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AttnError, type JsonObject } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { familyTypes } from './checkpoint/family-names.ts';
import { memoryCheckpoint } from './checkpoint/memory.ts';
import { FAMILIES } from './families.ts';
import type { ModelFamily } from './model.ts';
import { differences } from './testing/differences.testing.ts';
import { runExported } from './testing/exported.testing.ts';
import { fullRow } from './testing/full-row.testing.ts';
import { casesByName, goldenCases, readerOf } from './testing/golden-sets.testing.ts';
import { testGoldens, type GoldenCall } from './testing/goldens-suite.testing.ts';
import { goldenFolder, type Golden } from './testing/goldens.testing.ts';

const GROUPS = ['bert', 'rotary', 'gemma', 'qwen3', 'bigbird', 'modernbert', 'reformer', 'alibi'];
const CASES = casesByName(GROUPS.flatMap((group) => goldenCases('heads', group)));
const reader = readerOf(CASES);
/** Goldens that are written as files, also of families whose other goldens are tested beside their code. */
const fileReader = readerOf(
  casesByName([...GROUPS, 'bart', 'led'].flatMap((group) => goldenCases('heads', group))),
);

// Of models with a decoder those whose decoder sees the ids of the encoder: such a graph has no other input.
const EXPORTED = [
  'camembert_token',
  'nomic_token',
  'jina_qa',
  'gemma_sequence',
  'qwen3_qa',
  'reformer_qa',
  'bart_qa',
  'bart_sequence',
  'led_states',
];

async function familyOf({ id, checkpoint }: Golden): Promise<ModelFamily> {
  const lazy = FAMILIES.find(({ recognises }) => recognises(checkpoint.config));
  return (await lazy?.open()) ?? expect.fail(`no family recognises ${id}`);
}

testGoldens(
  [...CASES.keys()],
  async (golden): Promise<GoldenCall> => {
    const model = await (await familyOf(golden)).load(golden.checkpoint);
    // Release 5.18 of Reformer's original forgets the bias of its head.
    const names = golden.outputs.filter((name) => name !== 'logits_without_bias');
    return { model, names, ...model.call(golden.batch) };
  },
  ['wasm', 'onnx'],
  reader,
);

describe.each(EXPORTED)('%s', (id) => {
  test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
    const golden = await fileReader(id);
    const model = await (await familyOf(golden)).load(golden.checkpoint);
    const { inputIds, expected } = fullRow(golden, model.outputs);
    const [batch, length] = inputIds.shape;
    const graph = model.fixedGraph({ batch, length });
    expect([...graph.inputs.keys()]).toEqual(['input_ids']);
    const outputs = await runExported(graph, { input_ids: inputIds }, { portable });
    expect(differences(expected, outputs)).toEqual([]);
  });
});

/** The class of a golden, with its config. */
interface GoldenClass {
  readonly config: JsonObject;
  readonly architecture: string;
}

/** The configs of all goldens with their classes. */
async function knownGoldens(): Promise<readonly GoldenClass[]> {
  const root = goldenFolder('.');
  const json = async (file: string): Promise<JsonObject> =>
    JSON.parse(await readFile(join(root, file), 'utf8')) as JsonObject;
  const models = globSync('**/case.json', { cwd: root }).filter((file) =>
    existsSync(join(root, dirname(file), 'config.json')),
  );
  return Promise.all(
    models.map(async (file) => {
      const [{ architecture, config }, own] = await Promise.all([
        json(file),
        json(join(dirname(file), 'config.json')),
      ]);
      return { config: own, architecture: String(architecture ?? (config as JsonObject).architecture) };
    }),
  );
}

// The error for a class that does not exist lists those that do.
describe('every class has a golden', async () => {
  const goldens = await knownGoldens();
  const classes = new Set(goldens.map(({ architecture }) => architecture));

  test.each(familyTypes().filter((type) => !type.startsWith('linformer')))('of %s', async (type) => {
    const isOf = ({ config }: GoldenClass): boolean =>
      config.model_type === type && config.auto_map === undefined;
    const { config } = goldens.find(isOf) ?? expect.fail('no golden');
    const family = await FAMILIES.find(({ recognises }) => recognises(config))?.open();
    const loading = family?.load(memoryCheckpoint(config, new Map(), type), { architecture: 'Nobody' });
    const error: unknown = await loading?.catch((reason: unknown) => reason);
    const [, list] = /must be one of (.*), got/.exec(error instanceof AttnError ? error.message : '') ?? [];
    expect(list?.split(', ').filter((name) => !classes.has(name))).toEqual([]);
  });
});
