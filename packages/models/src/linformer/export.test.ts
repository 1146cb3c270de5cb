// An exported Linformer is run by ONNX Runtime alone, without this project, and must give what the original gave.
import { exportOnnx } from '@attn/onnx';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { differences, readGolden } from '../goldens.testing.ts';
import { linformer } from './index.ts';

describe.each([
  'linformer_encoder',
  'linformer_share_kv_reversible',
  'linformer_lm',
  'linformer_roberta_masked_lm',
])('%s', (id) => {
  test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
    const golden = await readGolden(id);
    const model = await linformer.load(golden.checkpoint);
    const vectors = golden.tensors.get('in.inputs_embeds');
    const [name, given] = vectors ? ['inputs_embeds', vectors] : ['input_ids', golden.batch.inputIds];
    const [batch, length] = given.shape;
    const graph = model.fixedGraph({ batch, length });
    expect([...graph.inputs.keys()]).toEqual([name]);
    const exported = exportOnnx(graph, { portable });
    const session = await InferenceSession.create(exported.model);
    const fed = vectors
      ? new OrtTensor('float32', Float32Array.from(given.data), given.shape)
      : new OrtTensor('int32', Int32Array.from(given.data), given.shape);
    const results = await session.run({ [name]: fed });
    const outputs = Object.fromEntries(
      [...exported.outputs].map(([output, stored]) => {
        const { dims, data } = results[stored];
        return [
          output,
          { dtype: 'f32', shape: dims, data: Float32Array.from(data as Float32Array) } as const,
        ];
      }),
    );
    await session.release();
    expect(differences(golden, outputs)).toEqual([]);
  });
});
