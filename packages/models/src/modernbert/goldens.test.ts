// Every ModernBERT golden.
import { i32, type Tensor } from '@attn/core';
import { describe } from 'vitest';
import { casesByName, goldenCases, readerOf } from '../testing/golden-sets.testing.ts';
import { hasStates, testGoldens, type GoldenCall } from '../testing/goldens-suite.testing.ts';
import type { Golden } from '../testing/goldens.testing.ts';
import { modernBertFamily } from './index.ts';

const cases = casesByName(goldenCases('today', 'models').filter(({ id }) => id.startsWith('mb_')));
const readCase = readerOf(cases);

/** What `sparse_prediction` marks as no label. */
const NO_LABEL = -100;

/**
 * With labels, the original returns the logits of the labelled tokens alone, [labels, vocabulary]. Ours are
 * those of all tokens, so the original's are put in their places, and no others are compared.
 */
function inTheirPlaces(golden: Golden): Golden {
  const labels = golden.tensors.get('in.labels');
  const logits = golden.tensors.get('out.logits');
  if (labels === undefined || logits === undefined) return golden;
  const [count, width] = logits.shape;
  const data = new Float32Array(labels.data.length * width);
  const places = Array.from(labels.data).flatMap((label, i) => (label === NO_LABEL ? [] : [i]));
  if (places.length !== count) throw new Error(`${golden.id} has ${count} rows for ${places.length} labels`);
  for (const [row, place] of places.entries())
    data.set(logits.data.subarray(row * width, (row + 1) * width) as Float32Array, place * width);
  const compare = i32(
    labels.shape,
    Array.from(labels.data, (label) => Number(label !== NO_LABEL)),
  );
  const whole: Tensor = { dtype: 'f32', shape: [...labels.shape, width], data };
  return {
    ...golden,
    tensors: new Map([...golden.tensors, ['out.logits', whole], ['aux.compare', compare]]),
  };
}

async function read(id: string): Promise<Golden> {
  return inTheirPlaces(await readCase(id));
}

const callOf = async (golden: Golden): Promise<GoldenCall> => {
  const model = await modernBertFamily.load(golden.checkpoint);
  return { model, ...model.call(golden.batch, { hiddenStates: hasStates(golden) }) };
};

// Software compiles WebGPU's kernels slowly: by default, these alone run there.
const onWebgpu = ['mb_silu', 'mb_positions', 'mb_multiple_choice'];
const others = [...cases.keys()].filter((id) => !onWebgpu.includes(id));
testGoldens(others, callOf, ['wasm', 'onnx'], read);
describe('by default on WebGPU', () => testGoldens(onWebgpu, callOf, ['webgpu'], read));
