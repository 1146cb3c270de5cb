// Every golden of BERT and the models that differ from it by details.
import { goldenCases, goldenOfCase } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { bertFamily } from './index.ts';
import { testMiniLm } from './minilm.testing.ts';

const CASES = new Map(goldenCases('classic', 'bert').map((golden) => [golden.id, golden]));
const IDS = [...CASES.keys()];

/** Small cases that share the graph's parts out: positions of tables, relative biases, other names. */
const ON_WEBGPU = ['bert_encoder', 'mpnet_encoder', 'distilbert_sequence'];

const read = (id: string): Promise<Golden> => {
  const golden = CASES.get(id);
  if (golden === undefined) throw new Error(`there is no golden ${id}`);
  return goldenOfCase(golden);
};

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
  read,
);
testGoldens(ON_WEBGPU, callOf, ['wasm', 'onnx', 'webgpu'], read);

testMiniLm();
