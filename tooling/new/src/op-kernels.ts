/** The first kernels of a new op in every backend: each copies x, and says where the maths belongs. */
import type { Name } from './name.ts';
import { addLines, type Scaffold } from './scaffold.ts';

const cpu = ({ camel }: Name): string => `\
/** TODO what the kernel does, in a sentence. */
import { inChunks, type KernelCall } from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';

/** Kernel of \`${camel}\`. */
export async function ${camel}({ inputs, outputs, context }: KernelCall<'${camel}'>): Promise<void> {
  const x = readFloats(inputs.x);
  const out = writeFloats(outputs[0]);
  await inChunks(x.length, 1, context.pause, (from, to) => {
    for (let i = from; i < to; i++) out.data[i] = x[i]; // TODO the maths
  });
  out.done();
}
`;

const wasm = ({ camel }: Name): string => `\
/** TODO what the kernel does, in a sentence; a WebAssembly kernel is a file in \`kernels/\`. */
import type { KernelCall } from '@attn/core/backend';

/** Kernel of \`${camel}\`. */
export function ${camel}Kernel({ inputs, outputs }: KernelCall<'${camel}'>): void {
  outputs[0].data.set(inputs.x.data); // TODO the maths
}
`;

const wgsl = ({ camel }: Name): string => `\
/** TODO what the kernel does, in a sentence: one invocation an element. */
import type { KernelSource } from '../device/pipeline-cache.ts';
import { declareBuffers, declareParams, floatAccess, forEachElement, type FloatStorage } from './wgsl.ts';

export const PARAMS = { count: 'u32' } as const;

/** y = x. TODO the maths. */
export function ${camel}Kernel(storage: FloatStorage): KernelSource {
  const { type, enable, declaration, suffix, load, store } = floatAccess(storage);
  return {
    name: \`${camel}\${suffix}\`,
    code: \`\${enable}\${declareParams(PARAMS)}
\${declareBuffers({ x: type, y: type })}
\${declaration}
\${forEachElement(\`  y[i] = \${store(load('x[i]'))};\`)}\`,
  };
}
`;

const webgpu = ({ camel, kebab, pascal }: Name): string => `\
/** \`${camel}\` as dispatches. */
import { sizeOf, type NodeOf } from '@attn/core/backend';
import { always, specOf, storageOf, type NodeProgram, type ProgramContext } from '../graph/context.ts';
import { ${camel}Kernel, PARAMS } from '../kernels/${kebab}.ts';
import { elementGrid, packParams } from '../kernels/wgsl.ts';

export function emit${pascal}(context: ProgramContext, { inputs, outputs }: NodeOf<'${camel}'>): NodeProgram {
  const count = sizeOf(specOf(context, outputs[0]).shape);
  if (count === 0) return always();
  return always({
    kernel: ${camel}Kernel(storageOf(context, outputs[0])),
    params: packParams(PARAMS, { count }),
    bindings: [inputs.x, outputs[0]],
    grid: elementGrid(count),
  });
}
`;

const onnx = ({ camel, pascal }: Name): string => `\
/** \`${camel}\` in operators of ONNX. */
import type { NodeOf } from '@attn/core/backend';
import type { LoweringContext } from '../context.ts';

export function lower${pascal}(context: LoweringContext, { inputs, outputs }: NodeOf<'${camel}'>): void {
  // TODO the maths
  context.setComputed(outputs[0], context.main.op('Identity', [context.value(inputs.x)]));
}
`;

/** Files and touch points in the backends. */
export function kernelsOfOp(name: Name): Pick<Scaffold, 'files' | 'changes'> {
  const { camel, kebab, pascal } = name;
  const line = (file: string, siblings: RegExp, added: string) =>
    addLines(`packages/${file}`, siblings, added);
  const imports = /^import .* from '\.\/[\w-]+\.ts';$/;
  return {
    files: {
      [`packages/cpu/src/ops/${kebab}.ts`]: cpu(name),
      [`packages/wasm/src/ops/${kebab}.ts`]: wasm(name),
      [`packages/webgpu/src/kernels/${kebab}.ts`]: wgsl(name),
      [`packages/webgpu/src/ops/${kebab}.ts`]: webgpu(name),
      [`packages/onnx/src/lower/ops/${kebab}.ts`]: onnx(name),
    },
    changes: [
      line('cpu/src/ops/index.ts', imports, `import { ${camel} } from './${kebab}.ts';`),
      line('cpu/src/ops/index.ts', /^ {4}\w+,$/, `    ${camel},`),
      line('cpu/src/estimate.ts', /^ {2}\w+: \d+,$/, `  ${camel}: 20,`),
      line('wasm/src/ops/index.ts', imports, `import { ${camel}Kernel } from './${kebab}.ts';`),
      line('wasm/src/ops/index.ts', /^ {4}\w+: \w+Kernel\(/, `    ${camel}: ${camel}Kernel,`),
      line('wasm/src/predict.ts', /^ {2}\w+: \d+,$/, `  ${camel}: 12,`),
      line('webgpu/src/ops/index.ts', imports, `import { emit${pascal} } from './${kebab}.ts';`),
      line('webgpu/src/ops/index.ts', /^ {2}\w+: emit\w+,$/, `  ${camel}: emit${pascal},`),
      line('onnx/src/lower/ops/index.ts', imports, `import { lower${pascal} } from './${kebab}.ts';`),
      line('onnx/src/lower/ops/index.ts', /^ {2}\w+: lower\w+,$/, `  ${camel}: lower${pascal},`),
      line('onnx/src/lower/ops/names.ts', /^ {2}\w+: true,$/, `  ${camel}: true,`),
    ],
  };
}
