// An exported Linformer, run by ONNX Runtime alone, gives the outputs of the original.
import { describe, expect, test } from 'vitest';
import { differences } from '../testing/differences.testing.ts';
import { runExported } from '../testing/exported.testing.ts';
import { readGolden } from '../testing/goldens.testing.ts';
import { linformerFamily } from './index.ts';

describe.each([
  'linformer_encoder',
  'linformer_share_kv_reversible',
  'linformer_lm',
  'linformer_roberta_masked_lm',
])('%s', (id) => {
  test.each([false, true])('as an ONNX file, portable %s', async (portable) => {
    const golden = await readGolden(id);
    const model = await linformerFamily.load(golden.checkpoint);
    const vectors = golden.tensors.get('in.inputs_embeds');
    const [name, input] = vectors ? ['inputs_embeds', vectors] : ['input_ids', golden.batch.inputIds];
    const [batch, length] = input.shape;
    const graph = model.fixedGraph({ batch, length });
    expect([...graph.inputs.keys()]).toEqual([name]);
    const outputs = await runExported(graph, { [name]: input }, { portable });
    expect(differences(golden, outputs)).toEqual([]);
  });
});
