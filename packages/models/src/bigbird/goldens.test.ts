// Every BigBird golden.
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { bigBirdFamily } from './index.ts';

const cases = new Map(goldenCases('classic', 'bigbird').map((golden) => [golden.id, golden]));

async function read(id: string): Promise<Golden> {
  const golden = cases.get(id);
  if (golden === undefined) throw new Error(`there is no case ${id}`);
  return goldenOfCase(golden);
}

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
  read,
);
testGoldens(SMALL, callOf, ['webgpu'], read);
