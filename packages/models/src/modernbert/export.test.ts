// An exported model, run by ONNX Runtime alone, gives the outputs of the original.
import { expect, test } from 'vitest';
import { differences } from '../testing/differences.testing.ts';
import { runExported } from '../testing/exported.testing.ts';
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import { modernBertFamily } from './index.ts';

// A golden without padding: a fixed graph is for full rows.
const [golden] = goldenCases('today', 'models').filter(({ id }) => id === 'mb_masked_lm_untied');

test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
  const expected = await goldenOfCase(golden);
  const model = await modernBertFamily.load(expected.checkpoint);
  const { inputIds } = expected.batch;
  const [batch, length] = inputIds.shape;
  const graph = model.fixedGraph({ batch, length });
  expect([...graph.inputs.keys()]).toEqual(['input_ids']);
  const outputs = await runExported(graph, { input_ids: inputIds }, { portable });
  expect(differences(expected, outputs)).toEqual([]);
});
