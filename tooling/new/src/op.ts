/** A new op: its spec, shapes and readable reference in core; its cases in the conformance suite. */
import type { Name } from './name.ts';
import { addLines, type Scaffold } from './scaffold.ts';

const spec = ({ camel }: Name): string => `\
/** The \`${camel}\` op: TODO one sentence. */
import { sizeOf } from '../../tensor.ts';
import type { NoAttributes } from '../attributes.ts';
import type { OpSpec } from '../op.ts';

/** Input \`x\` of any shape, f32 or f16; the output is like it. TODO what holds. Errors: \`INVALID_DTYPE\`. */
export const ${camel}Spec: OpSpec<NoAttributes> = {
  required: ['x'],
  attributes: {},
  flops: ({ x }) => sizeOf(x.shape),
};
`;

const infer = ({ camel, pascal }: Name): string => `\
/** ${camel}(x) has the shape of x. */
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { sharedFloat } from '../validate.ts';

/** See \`${camel}Spec\`. */
export function infer${pascal}(inputs: NamedSpecs): [TensorSpec] {
  return [{ dtype: sharedFloat('${camel}', inputs, ['x']), shape: inputs.x.shape }];
}
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
  const { camel, kebab, pascal } = name;
  const core = 'packages/core/src/ops';
  const suite = 'packages/conformance/src';
  return {
    files: {
      [`${core}/${kebab}/spec.ts`]: spec(name),
      [`${core}/${kebab}/infer.ts`]: infer(name),
      [`${core}/${kebab}/reference.ts`]: reference(name),
      [`${core}/${kebab}/${kebab}.test.ts`]: test(name),
      [`${suite}/cases/${kebab}.cases.ts`]: cases(name),
    },
    changes: [
      addLines(`${core}/attributes.ts`, /^ {2}\w+: \w+Attributes;$/, `  ${camel}: NoAttributes;`),
      addLines(
        `${core}/index.ts`,
        /^import .* from '\.\/.*\/spec\.ts';$/,
        `import { infer${pascal} } from './${kebab}/infer.ts';`,
        `import { ${camel}Spec } from './${kebab}/spec.ts';`,
      ),
      addLines(
        `${core}/index.ts`,
        /^ {2}\w+: define\(/,
        `  ${camel}: define('${camel}', ${camel}Spec, infer${pascal}),`,
      ),
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
    ],
    next: [
      `${core}/${kebab}: say what the op means in spec.ts, its shapes in infer.ts, its maths in reference.ts`,
      'packages/core/src/graph/builder.ts: give it a method, if people should write it by hand',
      `${suite}: its cases in cases/${kebab}.cases.ts`,
      'a kernel per backend: packages/cpu/src/ops, one file and one line in its index.ts',
      'packages/conformance/src/tolerance/index.ts: its error bound, unless it is exact',
      'npm run check; npm run changeset',
    ],
  };
}
