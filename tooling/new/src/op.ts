/**
 * A new op: its definition and readable reference in core, its cases in the conformance suite, and a first
 * kernel in every backend. A function of single numbers is a row of a table instead, see `pointwise.ts`.
 */
import type { Name } from './name.ts';
import { kernelsOfOp } from './op-kernels.ts';
import { addLines, type Scaffold } from './scaffold.ts';

const definition = ({ camel }: Name): string => `\
/** The \`${camel}\` op: TODO one sentence. */
import { sizeOf } from '../../tensor.ts';
import type { NoAttributes, OpDefinition } from '../op.ts';
import { sharedFloat } from '../validate.ts';

/**
 * Input \`x\` of any shape, f32 or f16; the output is like it. TODO what holds. Errors: \`INVALID_DTYPE\`.
 */
export const ${camel}Definition: OpDefinition<NoAttributes> = {
  required: ['x'],
  attributes: {},
  flops: ({ x }) => sizeOf(x.shape),
  infer: (inputs) => [{ dtype: sharedFloat('${camel}', inputs, ['x']), shape: inputs.x.shape }],
};
`;

const reference = ({ camel }: Name): string => `\
/** ${camel}(x) in float64. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { mapReference } from '../reference-tensor.ts';

/** out = x. TODO the maths, as plainly as in the paper. */
export function ${camel}Reference({ x }: NamedReferences): [ReferenceTensor] {
  return [mapReference(x, (value) => value)];
}
`;

const test = ({ camel }: Name): string => `\
import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, reference, spec } from '../ops.testing.ts';

const { ${camel} } = ops;

test('has the shape of x', () => {
  expect(${camel}.infer({ x: spec([2, 3], 'f16') }, {})).toEqual([spec([2, 3], 'f16')]);
});

test('is what one computes by hand', () => {
  expect(references.${camel}({ x: counting([2, 2]) }, {})).toEqual([reference([2, 2], [0, 1, 2, 3])]);
});
`;

const cases = ({ camel }: Name): string => `\
/** Cases of \`${camel}\`. TODO what can go wrong, and the case that shows it. */
import type { ConformanceCase } from '../case.ts';
import { opCases } from './op-case.ts';

export const ${camel}Cases: readonly ConformanceCase[] = opCases('${camel}', 'TODO what these cases are about.', [
  { shapes: { x: [] }, attributes: {} },
  { shapes: { x: [2, 3, 5] }, attributes: {} },
  { shapes: { x: [0, 4] }, attributes: {} },
  { shapes: { x: [2, 16] }, attributes: {}, plant: ['x@0=NaN', 'x@1=Infinity', 'x@2=-Infinity'] },
  { shapes: { x: [2, 16] }, attributes: {}, dtype: 'f16' },
]);
`;

/** Files and touch points of the op `name`. */
export function op(name: Name): Scaffold {
  const { camel, kebab } = name;
  const core = 'packages/core/src/ops';
  const suite = 'packages/conformance/src';
  const kernels = kernelsOfOp(name);
  return {
    files: {
      [`${core}/${kebab}/definition.ts`]: definition(name),
      [`${core}/${kebab}/reference.ts`]: reference(name),
      [`${core}/${kebab}/${kebab}.test.ts`]: test(name),
      [`${suite}/cases/${kebab}.cases.ts`]: cases(name),
      ...kernels.files,
    },
    changes: [
      addLines(`${core}/op-name.ts`, /^ {2}\| '\w+'$/, `  | '${camel}'`),
      addLines(`${core}/attributes.ts`, /^ {2}\w+: \w+Attributes;$/, `  ${camel}: NoAttributes;`),
      addLines(
        `${core}/index.ts`,
        /^import .* from '\.\/.*\/definition\.ts';$/,
        `import { ${camel}Definition } from './${kebab}/definition.ts';`,
      ),
      addLines(`${core}/index.ts`, /^ {2}\w+: \w+Definition,$/, `  ${camel}: ${camel}Definition,`),
      addLines(
        `${core}/references.ts`,
        /^import .* from '\.\/.*\/reference\.ts';$/,
        `import { ${camel}Reference } from './${kebab}/reference.ts';`,
      ),
      addLines(`${core}/references.ts`, /^ {2}\w+: \w+Reference,$/, `  ${camel}: ${camel}Reference,`),
      addLines(`${suite}/tolerance/index.ts`, /^ {2}\w+: \w+Error(\(.*\))?,$/, `  ${camel}: noError(),`),
      addLines(
        `${suite}/cases/index.ts`,
        /^import .* from '\.\/.*\.cases\.ts';$/,
        `import { ${camel}Cases } from './${kebab}.cases.ts';`,
      ),
      addLines(`${suite}/cases/index.ts`, /^ {2}\.\.\.\w+,$/, `  ...${camel}Cases,`),
      ...kernels.changes,
    ],
    next: [
      `${core}/${kebab}: say what the op means and its shapes in definition.ts, its maths in reference.ts`,
      'packages/core/src/graph/op-builder.ts: give it a method, if people should write it by hand',
      `${suite}: its cases in cases/${kebab}.cases.ts, its error bound in tolerance/index.ts unless it is exact`,
      `a kernel per backend, in place of the copy: ${kebab}.ts in the ops of cpu, wasm, webgpu and onnx`,
      'packages/webgpu/src/kernels/variants.testing.ts: its kernel in all variants',
      'the cost of an element: packages/cpu/src/estimate.ts, packages/wasm/src/predict.ts',
      'npm run check; npm run changeset',
    ],
  };
}
