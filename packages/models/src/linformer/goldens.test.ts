// Every Linformer golden.
import { testGoldens } from '../testing/goldens-suite.testing.ts';
import { linformerFamily } from './index.ts';

const GOLDENS = [
  'linformer_encoder',
  'linformer_share_kv_reversible',
  'linformer_lm',
  'linformer_head_dim',
  // All but the first have padding, which fairseq recognises by its id; states of padding are compared too.
  'linformer_roberta_masked_lm',
  'linformer_roberta_key_value',
  'linformer_roberta_layerwise',
  'linformer_roberta_norm_before',
];

testGoldens(GOLDENS, async (golden) => {
  const model = await linformerFamily.load(golden.checkpoint);
  const inputsEmbeds = golden.tensors.get('in.inputs_embeds');
  return { model, ...(inputsEmbeds ? model.callVectors({ inputsEmbeds }) : model.call(golden.batch)) };
});
