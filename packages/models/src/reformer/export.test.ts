// An exported Reformer is run by ONNX Runtime alone, without this project, and must give what the original gave.
import { exportOnnx } from '@attn/onnx';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { differences, readGolden, referenceOutputs } from '../goldens.testing.ts';
import { GOLDENS, outputsOf, rotationsOf } from './goldens.testing.ts';
import { reformer } from './index.ts';

/** Runs ids (and rotations, where the graph has inputs of them) through the file. */
async function runFile(
  graph: Parameters<typeof exportOnnx>[0],
  inputs: Parameters<typeof referenceOutputs>[1],
  portable: boolean,
): Promise<Parameters<typeof differences>[1]> {
  const exported = exportOnnx(graph, { portable });
  const session = await InferenceSession.create(exported.model);
  const feeds = Object.entries(inputs).map(([name, { dtype, shape, data }]): [string, OrtTensor] => {
    if (dtype === 'i32') return [name, new OrtTensor('int32', Int32Array.from(data), [...shape])];
    if (dtype === 'bool') return [name, new OrtTensor('bool', Uint8Array.from(data), [...shape])];
    return [name, new OrtTensor('float32', Float32Array.from(data), [...shape])];
  });
  const results = await session.run(Object.fromEntries(feeds));
  const outputs = [...exported.outputs].map(([name, given]) => {
    const { dims, data } = results[given];
    return [name, { dtype: 'f32', shape: dims, data: Float32Array.from(data as Float32Array) } as const];
  });
  await session.release();
  return Object.fromEntries(outputs);
}

// A mask that decides on the pattern of local attention must be a constant of an exported graph: no rows that callers pad.
describe.each(GOLDENS.filter((id) => id !== 'reformer_encoder_padded'))('%s', (id) => {
  test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
    const golden = await readGolden(id);
    const model = await reformer.load(golden.checkpoint);
    const outputs = outputsOf(golden);
    const hiddenStates = outputs.some((name) => name.startsWith('hidden_states'));
    const { graph, inputs } = model.call(golden.batch, { hiddenStates, rotations: rotationsOf(golden) });
    expect(differences(golden, await runFile(graph, inputs, portable), outputs)).toEqual([]);
  });
});

test.each(['reformer_encoder', 'reformer_lm_odd'])('a fixed graph of %s takes ids only', async (id) => {
  const { checkpoint, batch } = await readGolden(id);
  const model = await reformer.load(checkpoint);
  const [rows, length] = batch.inputIds.shape;
  const graph = model.fixedGraph({ batch: rows, length });
  expect([...graph.inputs.keys()]).toEqual(['input_ids']);
  const inputs = { input_ids: batch.inputIds };
  const [name] = model.outputs;
  const expected = referenceOutputs(graph, inputs)[name];
  const got = (await runFile(graph, inputs, true))[name];
  expect(got.shape).toEqual(expected.shape);
  const worst = Array.from(expected.data).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - got.data[i])),
    0,
  );
  expect(worst).toBeLessThan(1e-4);
});
