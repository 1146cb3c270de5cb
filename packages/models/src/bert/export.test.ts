// Exported models, run by ONNX Runtime alone, give the outputs of the original, or of their graph in float64.
import { describe, expect, test } from 'vitest';
import { jinaFamily } from '../jina/index.ts';
import { nomicFamily } from '../nomic/index.ts';
import { differences } from '../testing/differences.testing.ts';
import { runExported } from '../testing/exported.testing.ts';
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import { referenceOutputs } from '../testing/goldens.testing.ts';
import { bertFamily } from './index.ts';

const FAMILIES = [bertFamily, nomicFamily, jinaFamily];
const CASES = ['bert', 'rotary'].flatMap((group) => goldenCases('classic', group));

/** The first has no padding, so that a graph for full rows gives the original's outputs. */
const IDS = [
  'bert_masked_lm_untied',
  'mpnet_encoder',
  'distilbert_sequence',
  'bert_old_names',
  'nomic_masked_lm',
  'jina_v3_encoder',
];

describe.each(IDS)('%s', (id) => {
  test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
    const golden = await goldenOfCase(CASES.find((item) => item.id === id) ?? expect.fail(`no golden ${id}`));
    const family = FAMILIES.find(({ recognises }) => recognises(golden.checkpoint.config));
    const model = (await family?.load(golden.checkpoint)) ?? expect.fail('no family');
    const { inputIds } = golden.batch;
    const [batch, length] = inputIds.shape;
    const graph = model.fixedGraph({ batch, length });
    expect([...graph.inputs.keys()]).toEqual(['input_ids']);
    const inputs = { input_ids: inputIds };
    const outputs = await runExported(graph, inputs, { portable });
    expect(Object.keys(outputs).sort()).toEqual([...model.outputs].sort());
    const reference = Object.entries(referenceOutputs(graph, inputs));
    const tensors = new Map(reference.map(([name, tensor]) => [`out.${name}`, tensor]));
    expect(differences({ ...golden, tensors, outputs: model.outputs }, outputs)).toEqual([]);
    if (id === IDS[0]) expect(differences(golden, outputs)).toEqual([]);
  });
});
