// Every model that the suite's cases give follows the rules of the ONNX checker, and portable ones use
// standard operators only.
import { allCases, isInPart } from '@attn/conformance';
import { GraphBuilder, slidingWindow, type Value } from '@attn/core';
import { PlanCache } from '@attn/core/backend';
import protobuf from 'onnx-proto';
import { expect, test } from 'vitest';
import { modelProblems } from '../model/check.testing.ts';
import { encodeModel } from '../model/encode.ts';
import { lowerGraph } from './lower.ts';

const SETTINGS = [{ portable: false }, { portable: true }, { fusedDense: false, flatOutputs: true }];
const isWhole = process.env.ATTN_SUITE === 'whole';

// Each case in one of the settings, by its id; in all of them in a whole run.
test.each(SETTINGS.map((options, part) => [options, part] as const))(
  'models are sound: %o',
  (options, part) => {
    const plans = new PlanCache();
    const problems: string[] = [];
    for (const { id, build } of allCases) {
      if (!isWhole && !isInPart({ part, of: SETTINGS.length }, id)) continue;
      const lowered = lowerGraph(build().graph, plans, options);
      const { model } = encodeModel(lowered.model, 'test');
      problems.push(...modelProblems(model).map((problem) => `${id}: ${problem}`));
      if (options.portable !== true) continue;
      const { opsetImport } = protobuf.onnx.ModelProto.decode(model);
      if (opsetImport.length > 1) problems.push(`${id}: not portable`);
    }
    expect(problems).toEqual([]);
  },
);

test.each(SETTINGS)('two outputs of one value, which ends in a reshape: %o', (options) => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [2, 3] });
  const y = builder.reshape(builder.relu(x), [3, 2]);
  const lowered = lowerGraph(builder.build({ y, again: y }), new PlanCache(), options);
  expect(modelProblems(encodeModel(lowered.model, 'test').model)).toEqual([]);
  expect(new Set(lowered.outputs.values()).size).toBe(2);
});

test('layers with one plan share its tables', () => {
  const bytesOf = (layers: number): number => {
    const builder = new GraphBuilder();
    let x: Value = builder.input('x', { dtype: 'f32', shape: [1, 2, 300, 4] });
    const pattern = slidingWindow({ before: 40, after: 40 });
    for (let i = 0; i < layers; i++) x = builder.attention({ q: x, k: x, v: x }, { pattern }).out;
    const { model } = lowerGraph(builder.build({ x }), new PlanCache(), {});
    return [...model.initializers.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  };
  expect(bytesOf(3)).toBe(bytesOf(1));
});

test('the rules find violations', () => {
  const { ModelProto } = protobuf.onnx;
  const graph = {
    name: 'broken',
    input: [{ name: 'x', type: { tensorType: { elemType: 1 } } }],
    output: [{ name: 'z' }],
    initializer: [{ name: 'x', dataType: 1, dims: [2], rawData: new Uint8Array(4) }],
    node: [{ opType: 'Neg', domain: 'elsewhere', name: 'neg', input: ['y'], output: ['y'] }],
  };
  const bytes = ModelProto.encode(ModelProto.create({ irVersion: 8, opsetImport: [{ version: 18 }], graph }));
  expect(modelProblems(bytes.finish())).toEqual([
    'initializer x is assigned twice',
    'x has 4 bytes, its shape needs 8',
    'domain elsewhere is not imported',
    'neg reads y before it is made',
    'output z is never made',
  ]);
});
