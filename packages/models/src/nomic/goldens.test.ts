// Every golden of NomicBERT and of jina-embeddings-v3.
import { jinaFamily } from '../jina/index.ts';
import { casesByName, goldenCases, readerOf } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { nomicFamily } from './index.ts';

const CASES = casesByName(goldenCases('classic', 'rotary'));

const reader = readerOf(CASES);

const callOf = async (golden: Golden): Promise<GoldenCall> => {
  const family = [nomicFamily, jinaFamily].find(({ recognises }) => recognises(golden.checkpoint.config));
  if (family === undefined) throw new Error(`no family recognises ${golden.id}`);
  const model = await family.load(golden.checkpoint);
  return { model, ...model.call(golden.batch, { hiddenStates: hasStates(golden) }) };
};

testGoldens([...CASES.keys()], callOf, ['wasm', 'onnx', 'webgpu'], reader);
