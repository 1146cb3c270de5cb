// An exported model, run by ONNX Runtime alone, gives the outputs of the original.
import { describe, expect, test } from 'vitest';
import { differences } from '../testing/differences.testing.ts';
import { runExported } from '../testing/exported.testing.ts';
import { fullRow } from '../testing/full-row.testing.ts';
import { goldenCalled } from '../testing/golden-sets.testing.ts';
import { qwen3Family } from './index.ts';

describe.each([
  ['models', 'q3_sliding'],
  ['models', 'q3_causal_lm'],
  ['models', 'q3_sequence'],
])('%s/%s', (group, id) => {
  test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
    const golden = await goldenCalled('today', group, id);
    const model = await qwen3Family.load(golden.checkpoint);
    const { inputIds, expected } = fullRow(golden, model.outputs);
    const [batch, length] = inputIds.shape;
    const graph = model.fixedGraph({ batch, length });
    expect([...graph.inputs.keys()]).toEqual(['input_ids']);
    expect(differences(expected, await runExported(graph, { input_ids: inputIds }, { portable }))).toEqual(
      [],
    );
  });
});
