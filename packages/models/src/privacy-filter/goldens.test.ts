// Every golden of a privacy filter.
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { privacyFilterFamily } from './index.ts';

const cases = goldenCases('today', 'models').filter(({ id }) => id.startsWith('pf_'));
const ids = cases.map(({ id }) => id);

const read = async (id: string): Promise<Golden> => {
  const [golden] = cases.filter((each) => each.id === id);
  const whole = await goldenOfCase(golden);
  // Labels and spans are decoded from logits; `spans/goldens.test.ts` compares them.
  return { ...whole, outputs: whole.outputs.filter((name) => name !== 'labels' && name !== 'spans') };
};

const callOf = async (golden: Golden): Promise<GoldenCall> => {
  const model = await privacyFilterFamily.load(golden.checkpoint);
  return { model, ...model.call(golden.batch, { hiddenStates: hasStates(golden) }) };
};

testGoldens(ids, callOf, ['wasm', 'onnx'], read);
testGoldens(['pf_clamp', 'pf_yarn'], callOf, ['webgpu'], read);
