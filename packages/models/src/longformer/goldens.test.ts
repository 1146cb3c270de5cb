// Every Longformer golden.
import { casesByName, goldenCases, readerOf } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { longformerFamily } from './index.ts';

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
  // In these, 2 in the attention mask marks a global token.
  'longformer_mask_of_three',
  'longformer_mask_of_three_merged',
  'longformer_mask_of_three_rule',
];

const callOf = async (golden: Golden): Promise<GoldenCall> => {
  const model = await longformerFamily.load(golden.checkpoint);
  // Scores are what the original's pipeline makes of logits.
  const names = golden.outputs.filter((name) => name !== 'scores');
  return { model, names, ...model.call(golden.batch, { hiddenStates: hasStates(golden) }) };
};

testGoldens(GOLDENS, callOf, ['wasm', 'onnx', 'webgpu']);

const cases = casesByName(goldenCases('classic', 'longformer'));
testGoldens([...cases.keys()], callOf, undefined, readerOf(cases));
