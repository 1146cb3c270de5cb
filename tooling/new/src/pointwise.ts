/**
 * A new pointwise op of one operand, an activation for example: a row in core's table, and a row in each
 * backend. The method of the builder, the shapes, the cases, the error bound and the CPU's kernel follow from
 * core's.
 */
import type { Name } from './name.ts';
import { addLines, type Scaffold } from './scaffold.ts';

/** Touch points of the op `name`. */
export function pointwise({ camel }: Name): Scaffold {
  const core = 'packages/core/src/ops/pointwise/table.ts';
  const kernels = {
    wasm: 'packages/wasm/src/kernels/unary.ts',
    webgpu: 'packages/webgpu/src/kernels/unary.ts',
    onnx: 'packages/onnx/src/lower/ops/unary.ts',
  };
  const costs = ['packages/cpu/src/estimate.ts', 'packages/wasm/src/predict.ts'];
  return {
    files: {},
    changes: [
      addLines(
        core,
        /^ {2}\w+: \{ flops: \d+, fuses: \w+ \},$/,
        '  /**',
        '   * x. TODO what the function is, and its source.',
        '   *',
        '   * @example',
        `   * const y = builder.${camel}(x);`,
        '   */',
        `  ${camel}: { flops: 1, fuses: false },`,
      ),
      addLines(
        core,
        /^ {2}\w+: \{ f: (\(x\) => .+|\w+|Math\.(tanh|exp)), accuracy: /,
        `  ${camel}: { f: (x) => x, accuracy: 'exact' },`,
      ),
      ...costs.map((file) => addLines(file, /^ {2}\w+: \d+,$/, `  ${camel}: 30,`)),
      addLines(kernels.wasm, /^ {2}\w+: \(f\) => /, `  ${camel}: () => () => {}, // TODO x is still itself`),
      addLines(kernels.webgpu, /^\}`,$/, `  ${camel}: \``, 'fn activate(x: f32) -> f32 { return x; }`,'),
      addLines(
        kernels.onnx,
        /^ {2}\w+: \(\{ main \}, x\) => /,
        '',
        `  ${camel}: ({ main }, x) => main.op('Identity', [x]),`,
      ),
    ],
    next: [
      `${core}: the function, its accuracy, and whether linear fuses it`,
      `its kernels: ${Object.values(kernels).join(', ')}`,
      `the cost of an element: ${costs.join(', ')}`,
      'docs/systems.md: a row; npm run check; npm run changeset',
    ],
  };
}
