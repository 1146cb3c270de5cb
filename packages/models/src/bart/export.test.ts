// An exported model, run by ONNX Runtime alone, gives the outputs of the original.
import { describe, expect, test } from 'vitest';
import { differences } from '../testing/differences.testing.ts';
import { runExported } from '../testing/exported.testing.ts';
import { fullRow } from '../testing/full-row.testing.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import { bartFamily } from './index.ts';

// Goldens whose decoder sees the ids of the encoder: a fixed graph has no other input.
describe.each(['bart_qa', 'bart_sequence'])('%s', (id) => {
  test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
    const golden = await goldenCalled('heads', 'bart', id);
    const model = await bartFamily.load(golden.checkpoint);
    const { inputIds, expected } = fullRow(golden, model.outputs);
    const [batch, length] = inputIds.shape;
    const graph = model.fixedGraph({ batch, length });
    expect([...graph.inputs.keys()]).toEqual(['input_ids']);
    const outputs = await runExported(graph, { input_ids: inputIds }, { portable });
    expect(differences(expected, outputs)).toEqual([]);
  });
});
