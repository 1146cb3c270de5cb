// BART's goldens: every class, with ids of the decoder that are known.
import { casesByName, goldenCases, readerOf } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens } from '../testing/goldens-suite.testing.ts';
import { bartFamily } from './index.ts';

const cases = casesByName(goldenCases('heads', 'bart'));
testGoldens(
  [...cases.keys()],
  async (golden) => {
    const model = await bartFamily.load(golden.checkpoint, { architecture: golden.architecture });
    return { model, ...model.call(golden.batch, { hiddenStates: hasStates(golden) }) };
  },
  undefined,
  readerOf(cases),
);
