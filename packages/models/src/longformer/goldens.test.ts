// Every Longformer golden, in float64 and on the backends: all positions that count, within the golden's tolerance.
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences, readGolden, referenceOutputs } from '../goldens.testing.ts';
import { longformer } from './index.ts';

const GOLDENS = [
  'longformer_encoder',
  'longformer_no_global',
  'longformer_global_differing',
  'longformer_short',
  'longformer_layer_norm_eps',
  'longformer_masked_lm',
  'longformer_sequence_classification',
  'longformer_question_answering',
  'longformer_token_classification',
  'longformer_multiple_choice',
  'led_encoder',
];

const load = async (id: string) => {
  const golden = await readGolden(id);
  const model = await longformer.load(golden.checkpoint);
  const hiddenStates = golden.outputs.some((name) => name.startsWith('hidden_states'));
  return { golden, model, ...model.call(golden.batch, { hiddenStates }) };
};

describe.each(GOLDENS)('%s', (id) => {
  test('in float64', async () => {
    const { golden, model, graph, inputs } = await load(id);
    expect(model.architecture).toBe(golden.architecture);
    const named = golden.outputs.filter((name) => !name.startsWith('hidden_states'));
    expect([...model.outputs].sort()).toEqual([...named].sort());
    expect(differences(golden, referenceOutputs(graph, inputs))).toEqual([]);
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
      const { golden, graph, inputs } = await load(id);
      expect(differences(golden, await attn.run(graph, inputs, { backend }))).toEqual([]);
    });
  });
});
