// Every golden of EmbeddingGemma, Gemma 3 and EmbeddingGemma 2.
import { casesByName, goldenCases, readerOf } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { gemmaEmbeddingFamily } from './index.ts';

const cases = casesByName(
  ['models', 'embeddinggemma2']
    .flatMap((group) => goldenCases('today', group))
    .filter(({ id }) => /^(eg|g3|e2)_/.test(id)),
);

const callOf = async (golden: Golden): Promise<GoldenCall> => {
  const model = await gemmaEmbeddingFamily.load(golden.checkpoint);
  return { model, ...model.call(golden.batch, { hiddenStates: hasStates(golden) }) };
};

const reader = readerOf(cases);

/** Small ones, which also run on webgpu by default. */
const SMALL = ['eg_scalar', 'g3_causal_lm', 'e2_model'];
const others = [...cases.keys()].filter((id) => !SMALL.includes(id));
testGoldens(others, callOf, ['wasm', 'onnx'], reader);
testGoldens(SMALL, callOf, ['webgpu'], reader);
