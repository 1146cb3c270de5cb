// Every Reformer golden, in float64 and on the backends: all positions that count, within the golden's tolerance.
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences, readGolden, referenceOutputs } from '../goldens.testing.ts';
import { GOLDENS, outputsOf, rotationsOf } from './goldens.testing.ts';
import { reformer } from './index.ts';

const load = async (id: string) => {
  const golden = await readGolden(id);
  const model = await reformer.load(golden.checkpoint);
  const outputs = outputsOf(golden);
  const hiddenStates = outputs.some((name) => name.startsWith('hidden_states'));
  const call = model.call(golden.batch, { hiddenStates, rotations: rotationsOf(golden) });
  return { golden, model, outputs, ...call };
};

describe.each(GOLDENS)('%s', (id) => {
  test('in float64', async () => {
    const { golden, model, outputs, graph, inputs } = await load(id);
    expect(model.architecture).toBe(golden.architecture);
    expect(model.outputs).toEqual(outputs.filter((name) => !name.startsWith('hidden_states')));
    expect(differences(golden, referenceOutputs(graph, inputs), outputs)).toEqual([]);
  });
});

describe('on', () => {
  let attn: Attn;
  beforeAll(async () => {
    attn = await createAttn({ backends: [cpu(), wasm(), onnx(), webgpu()] });
  });
  afterAll(() => attn.dispose());

  describe.each(['cpu', 'wasm', 'onnx', 'webgpu'])('%s', (backend) => {
    test.each(GOLDENS)('%s', async (id) => {
      const { golden, outputs, graph, inputs } = await load(id);
      expect(differences(golden, await attn.run(graph, inputs, { backend }), outputs)).toEqual([]);
    });
  });
});
