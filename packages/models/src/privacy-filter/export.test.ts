// An exported model, run by ONNX Runtime alone, gives the outputs of the original.
import { expect, test } from 'vitest';
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import { differences } from '../testing/differences.testing.ts';
import { runExported } from '../testing/exported.testing.ts';
import { privacyFilterFamily } from './index.ts';

// Goldens without padding: a fixed graph is for full rows.
const ids = ['pf_clamp', 'pf_yarn'].flatMap((id) => [false, true].map((portable) => [id, portable] as const));

test.each(ids)('%s as an ONNX file, portable %s', async (id, portable) => {
  const [entry] = goldenCases('today', 'models').filter((each) => each.id === id);
  const golden = await goldenOfCase(entry);
  const model = await privacyFilterFamily.load(golden.checkpoint);
  const { inputIds } = golden.batch;
  const [batch, length] = inputIds.shape;
  const graph = model.fixedGraph({ batch, length });
  expect([...graph.inputs.keys()]).toEqual(['input_ids']);
  const outputs = await runExported(graph, { input_ids: inputIds }, { portable });
  expect(differences(golden, outputs)).toEqual([]);
});
