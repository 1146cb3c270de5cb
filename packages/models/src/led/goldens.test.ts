// LED's goldens: every class, with ids of the decoder that are known. `ATTN_GOLDENS` brings larger models.
import { casesByName, goldenCases, readerOf } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { ledFamily } from './index.ts';

const callOf = async (golden: Golden): Promise<GoldenCall> => {
  const model = await ledFamily.load(golden.checkpoint, { architecture: golden.architecture });
  return { model, ...model.call(golden.batch, { hiddenStates: hasStates(golden) }) };
};

// Of the encoder alone. In the second, 2 in the attention mask marks a global token.
testGoldens(['led_encoder', 'led_mask_of_three'], callOf, ['wasm', 'onnx', 'webgpu']);

const whole = process.env.ATTN_GOLDENS
  ? goldenCases('classic', 'led').filter(({ config }) => config.kind === 'model')
  : [];
const cases = casesByName([...goldenCases('heads', 'led'), ...whole]);
testGoldens([...cases.keys()], callOf, undefined, readerOf(cases));
