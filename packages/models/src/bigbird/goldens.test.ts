// Every BigBird golden.
import { casesByName, goldenCases, readerOf } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { bigBirdFamily } from './index.ts';

const cases = casesByName(goldenCases('classic', 'bigbird'));
const reader = readerOf(cases);

const callOf = async (golden: Golden): Promise<GoldenCall> => {
  const model = await bigBirdFamily.load(golden.checkpoint);
  // Scores are what the original's pipeline makes of logits.
  const names = golden.outputs.filter((name) => name !== 'scores');
  return { model, names, ...model.call(golden.batch, { hiddenStates: hasStates(golden) }) };
};

const SMALL = ['bigbird_just_long', 'bigbird_qa'];
testGoldens(
  [...cases.keys()].filter((id) => !SMALL.includes(id)),
  callOf,
  undefined,
  reader,
);
testGoldens(SMALL, callOf, ['webgpu'], reader);
