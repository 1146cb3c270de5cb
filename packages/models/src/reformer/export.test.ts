// An exported Reformer is run by ONNX Runtime alone, without this
// project, and must give what the original gave.
import { describe, expect, test } from 'vitest';
import { differences } from '../testing/differences.testing.ts';
import { runExported } from '../testing/exported.testing.ts';
import { readGolden, referenceOutputs } from '../testing/goldens.testing.ts';
import { callGolden, GOLDENS } from './goldens.testing.ts';
import { reformerFamily } from './index.ts';

// A mask that decides on the pattern of local attention must be a
// constant of an exported graph: no rows that callers pad.
describe.each(GOLDENS.filter((id) => id !== 'reformer_encoder_padded'))('%s', (id) => {
  test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
    const golden = await readGolden(id);
    const { graph, inputs, names } = await callGolden(golden);
    expect(differences(golden, await runExported(graph, inputs, { portable }), names)).toEqual([]);
  });
});

test.each(['reformer_encoder', 'reformer_lm_odd'])('a fixed graph of %s takes ids only', async (id) => {
  const { checkpoint, batch } = await readGolden(id);
  const model = await reformerFamily.load(checkpoint);
  const [rows, length] = batch.inputIds.shape;
  const graph = model.fixedGraph({ batch: rows, length });
  expect([...graph.inputs.keys()]).toEqual(['input_ids']);
  const inputs = { input_ids: batch.inputIds };
  const [name] = model.outputs;
  const expected = referenceOutputs(graph, inputs)[name];
  const got = (await runExported(graph, inputs, { portable: true }))[name];
  expect(got.shape).toEqual(expected.shape);
  const worst = Array.from(expected.data).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - got.data[i])),
    0,
  );
  expect(worst).toBeLessThan(1e-4);
});
