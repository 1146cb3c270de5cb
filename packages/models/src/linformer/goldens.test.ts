// Every Linformer golden, in float64, on the backends, and as an ONNX file that ONNX Runtime runs alone.
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences, readGolden, referenceOutputs } from '../goldens.testing.ts';
import { linformer } from './index.ts';

const GOLDENS = [
  'linformer_encoder',
  'linformer_share_kv_reversible',
  'linformer_lm',
  'linformer_head_dim',
  // With padding, but for the first; it is known by its id, and positions of padding count, too.
  'linformer_roberta_masked_lm',
  'linformer_roberta_key_value',
  'linformer_roberta_layerwise',
  'linformer_roberta_norm_before',
];

const load = async (id: string) => {
  const golden = await readGolden(id);
  const model = await linformer.load(golden.checkpoint);
  const inputsEmbeds = golden.tensors.get('in.inputs_embeds');
  return {
    golden,
    model,
    ...(inputsEmbeds ? model.callVectors({ inputsEmbeds }) : model.call(golden.batch)),
  };
};

describe.each(GOLDENS)('%s', (id) => {
  test('in float64', async () => {
    const { golden, model, graph, inputs } = await load(id);
    expect(model.architecture).toBe(golden.architecture);
    expect(model.outputs).toEqual(golden.outputs);
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
