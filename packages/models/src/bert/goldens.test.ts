// Every golden of BERT and the models that differ from it by details.
import { casesByName, goldenCases, readerOf } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { bertFamily } from './index.ts';
import { testMiniLm } from './minilm.testing.ts';

const CASES = casesByName(goldenCases('classic', 'bert'));
const IDS = [...CASES.keys()];

/** Small cases that share the graph's parts out: positions of tables, relative biases, other names. */
const ON_WEBGPU = ['bert_encoder', 'mpnet_encoder', 'distilbert_sequence'];

const reader = readerOf(CASES);

const callOf = async (golden: Golden): Promise<GoldenCall> => {
  const model = await bertFamily.load(golden.checkpoint);
  const call = model.call(golden.batch, { hiddenStates: hasStates(golden) });
  // Scores are made of the logits; labels.test.ts compares them.
  return { model, ...call, names: golden.outputs.filter((name) => name !== 'scores') };
};

testGoldens(
  IDS.filter((id) => !ON_WEBGPU.includes(id)),
  callOf,
  ['wasm', 'onnx'],
  reader,
);
testGoldens(ON_WEBGPU, callOf, ['wasm', 'onnx', 'webgpu'], reader);

testMiniLm();
